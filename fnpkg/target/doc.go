// Package target opens what a user names on a command line as a package: it
// looks at the content, not at the name, and chooses the reader.
//
// A reference is one of
//
//	PATH                        a zip (jar, war), a directory, an OCI image
//	                            layout or an archive of images, by content
//	zip:PATH                    a zip, whatever it begins with
//	dir:PATH                    a directory, whatever is in it
//	file:PATH                   a regular file, whatever its name looks like
//	-                           standard input: a zip or an archive of images
//	HOST/REPO[:TAG][@DIGEST]    an image in a registry, where no such file exists
//	NAME:TAG                    an image in docker's registry, likewise
//	image:REF, docker://REF     an image in a registry, whatever files there are
//	oci-layout:DIR[:NAME]       an image in an OCI image layout; NAME is a tag
//	oci-layout:DIR@DIGEST       or a whole name of the layout's index
//	oci-archive:FILE[:NAME]     an image in a tar archive of a layout
//	docker-archive:FILE[:NAME]  an image in what "docker save" writes
//
// Archives named by a prefix may be compressed with gzip. Only images in registries need a connection.
package target
