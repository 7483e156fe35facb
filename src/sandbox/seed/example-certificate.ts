/*
 * Two self-signed certificates for the examples shown on first sight. They are fixed, so that a saved example still fits
 * after a restart, and valid until 2075. Nobody has their private keys: those were thrown away when they were made.
 */

/** alice's. */
export const storedExample = `-----BEGIN CERTIFICATE-----
MIIBqzCCAVCgAwIBAgIQWqZ6UJHGuUM+5CbS4WM0RjAKBggqhkjOPQQDAjBWMQsw
CQYDVQQGEwJVUzEVMBMGA1UECgwMRXhhbXBsZSBDb3JwMRQwEgYDVQQLDAtFbmdp
bmVlcmluZzEaMBgGA1UEAwwRYWxpY2UuZXhhbXBsZS5jb20wIBcNMjUwMTAxMDAw
MDAwWhgPMjA3NTAxMDEwMDAwMDBaMFYxCzAJBgNVBAYTAlVTMRUwEwYDVQQKDAxF
eGFtcGxlIENvcnAxFDASBgNVBAsMC0VuZ2luZWVyaW5nMRowGAYDVQQDDBFhbGlj
ZS5leGFtcGxlLmNvbTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKAbrzDgzA4G
6us4lJv64mg5GRUjoE9YoNPL7BXmHPZgE8cdMGz1kisxqjmAfGyJs5xZMdbAqvI1
dWUgXxszQigwCgYIKoZIzj0EAwIDSQAwRgIhAObFpIt8UCEVgSEB1t0yjZizyv20
OoJTXseqnzRIx/f4AiEA6oFmtLGt3eemPIt3jRhQgKje6BAqLV5+Czz4+OLNMFM=
-----END CERTIFICATE-----
`

/** Uploaded by nobody yet: the one to try an upload with, for bob. */
export const uploadExample = `-----BEGIN CERTIFICATE-----
MIIBoDCCAUagAwIBAgIQQC1egoR4kfjpA5AzfZRkazAKBggqhkjOPQQDAjBRMQsw
CQYDVQQGEwJVUzEVMBMGA1UECgwMRXhhbXBsZSBDb3JwMREwDwYDVQQLDAhQbGF0
Zm9ybTEYMBYGA1UEAwwPYm9iLmV4YW1wbGUuY29tMCAXDTI1MDEwMTAwMDAwMFoY
DzIwNzUwMTAxMDAwMDAwWjBRMQswCQYDVQQGEwJVUzEVMBMGA1UECgwMRXhhbXBs
ZSBDb3JwMREwDwYDVQQLDAhQbGF0Zm9ybTEYMBYGA1UEAwwPYm9iLmV4YW1wbGUu
Y29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEXV/tbvGGoznaej/gfG5De7C
qIJT9DowCBiWypE7SOzPxSilKpr+H2RTtsXHg9WgowJTMMV1dsU33buNPLE4mzAK
BggqhkjOPQQDAgNIADBFAiAyArgKmqQyhTSxnd+7bnoHU8VRYCP/jJHvkcs0H1Qu
RgIhAN01jxlSpQE8vbsT4yxcvii2cHc1d//eMjwUT57LysEP
-----END CERTIFICATE-----
`
