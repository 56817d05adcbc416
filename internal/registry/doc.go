// Package registry reads container images: from a registry, from an OCI image
// layout, and from the archives that docker and others save. It is the only
// importer of go-containerregistry, which it uses to speak to registries; the
// two forms on disk are read by code of its own, so that a hostile one meets
// the same caps.
//
// An [Image] is one manifest for one platform. Of an index of several images
// the one for the platform asked for is chosen, once: after that everything is
// addressed by digest. Nothing is believed before its digest was compared:
// manifests and configurations when the image is opened, layers as they are
// read, compressed (the digest in the manifest) and uncompressed (the diff ID
// in the configuration).
//
// Terms and formats are those of the OCI image specification 1.1 and the OCI
// distribution specification 1.1; docker's older media types mean the same.
package registry
