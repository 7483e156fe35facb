/** Before everything else in an instance: its clock is off by CLOCK_SHIFT milliseconds. */
const shift = Number(process.env.CLOCK_SHIFT)
const RealDate = Date

globalThis.Date = class extends RealDate {
  constructor(...words) {
    if (words.length === 0) super(RealDate.now() + shift)
    else super(...words)
  }

  static now() {
    return RealDate.now() + shift
  }
}
