/** A certificate of a test server on this machine, good for a hundred years, and its key; nobody else trusts it. */
export const own_key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgEmCtuw3EnNDQbbYO
GkD2gaGNa7P1ZR/z1bLMJy5KskehRANCAAQPuH/5AS87/yAJQZclaiSY6PUw0ikx
8/pYLPyyuEEpygh/xvq7E6vXIlGuyTaaR1ilgMOf0k+2lFcFv+em8SPd
-----END PRIVATE KEY-----
`;
export const own_certificate = `-----BEGIN CERTIFICATE-----
MIIBmjCCAUGgAwIBAgIUFyALrMEB0Bwklqwr4sfqvwSIdKYwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMDE1MDkzNloYDzIxMjYxMDI3
MTUwOTM2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQPuH/5AS87/yAJQZclaiSY6PUw0ikx8/pYLPyyuEEpygh/xvq7E6vX
IlGuyTaaR1ilgMOf0k+2lFcFv+em8SPdo28wbTAdBgNVHQ4EFgQUVQYrX0gTkXui
ydKcLnUR7qdPgfYwHwYDVR0jBBgwFoAUVQYrX0gTkXuiydKcLnUR7qdPgfYwGgYD
VR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZI
zj0EAwIDRwAwRAIgUdbkvzixzVYv60ltCwP5GaqxJvTFFqgivas7pttCzSACIBGM
0Xq0WoeW8sztiVde0vt2XuJvbu6dswOkgd+4pCPF
-----END CERTIFICATE-----
`;
