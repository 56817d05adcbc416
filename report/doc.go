// Package report renders results for people and programs: inventories, scans,
// seals and verdicts as text, JSON and Markdown.
//
// Renderers write to an io.Writer and decide nothing. Text from packages and
// advisories is hostile: each renderer escapes it for its medium.
package report
