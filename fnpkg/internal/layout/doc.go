// Package layout finds what is wrong with a set of paths when they are laid
// out as a tree: names that readers would resolve differently, names that
// collide, links that lead out of the tree. It is shared by the readers of all
// package formats, so that a name is judged alike wherever it stands.
package layout
