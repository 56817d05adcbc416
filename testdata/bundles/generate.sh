#!/bin/sh
# Makes the keys and bundles of this folder anew with cosign v3 and openssl 3.
# Nothing here is reproducible: keys and ECDSA signatures are random. Run it
# only to add a case, and commit what it writes.
set -eu
cd "$(dirname "$0")"
export COSIGN_PASSWORD=fixture
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

printf 'a file that stands for a function package\n' >artifact.bin
printf 'another file\n' >other.bin
printf '{"bomFormat":"CycloneDX","specVersion":"1.6","components":[]}\n' >"$tmp/sbom.json"

unlogged='--use-signing-config=false --tlog-upload=false --yes'

# Keys: one of each kind, in the format cosign keeps them in.
openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$tmp/p256.pem"
openssl ecparam -name secp384r1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$tmp/p384.pem"
openssl ecparam -name secp521r1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$tmp/p521.pem"
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 -out "$tmp/rsa2048.pem"
openssl genpkey -algorithm ed25519 -out "$tmp/ed25519.pem"
for k in p256 p384 p521 rsa2048 ed25519; do
	rm -f "$k.key" "$k.pub"
	cosign import-key-pair --key "$tmp/$k.pem" --output-key-prefix "$k"
	cosign sign-blob $unlogged --key "$k.key" --bundle "$k.message.json" artifact.bin
	cosign attest-blob $unlogged --key "$k.key" --bundle "$k.attestation.json" \
		--type cyclonedx --predicate "$tmp/sbom.json" artifact.bin
done

# The same key over another file, and the format cosign wrote before bundles.
cosign sign-blob $unlogged --key p256.key --bundle p256.other.json other.bin
cosign sign-blob $unlogged --key p256.key --new-bundle-format=false --bundle p256.legacy.json artifact.bin

# The P-256 key as openssl keeps it, under the passphrase "fixture".
pass='-passout pass:fixture'
openssl pkcs8 -topk8 -in "$tmp/p256.pem" -out openssl-pbkdf2.key $pass
openssl pkcs8 -topk8 -in "$tmp/p256.pem" -out openssl-scrypt.key -scrypt $pass
openssl pkcs8 -topk8 -in "$tmp/p256.pem" -out openssl-aes128.key -v2 aes-128-cbc -v2prf hmacWithSHA1 -iter 1000 $pass
openssl pkcs8 -topk8 -in "$tmp/p256.pem" -out openssl-3des.key -v1 PBE-SHA1-3DES $pass
openssl ec -in "$tmp/p256.pem" -out openssl-sec1.key
openssl ec -in "$tmp/p256.pem" -aes256 -out openssl-dek.key $pass
cp "$tmp/p256.pem" openssl-plain.key

# Keys that are too weak.
openssl ecparam -name secp224r1 -genkey -noout | openssl ec -pubout -out weak-p224.pub
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:1024 | openssl pkey -pubout -out weak-rsa1024.pub

# A certificate, which is no key.
openssl req -x509 -new -key "$tmp/p256.pem" -subj /CN=fixture -days 3650 -out certificate.pem
chmod 644 -- *.json *.key *.pub *.pem
