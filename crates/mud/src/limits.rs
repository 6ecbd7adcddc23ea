//! How much of a file is read, and why no more.

/// Most bytes of a file: the most entries, each as long as in the largest public file, which has
/// 201 in 180 kB.
pub const MAX_FILE_BYTES: usize = 2 << 20;
/// Deepest nesting: the deepest leaf of RFC 8520 is at 11, of RFC 9761 at 12.
pub const MAX_DEPTH: usize = 24;
/// Most access lists: one for each direction and kind makes six.
pub const MAX_ACLS: usize = 64;
/// Most entries of all lists; the largest public file has 201.
pub const MAX_ACES: usize = 2_048;
/// Longest text of any leaf, in bytes; a URL of RFC 8520 has at most 253.
pub const MAX_TEXT: usize = 1_024;
/// Longest trust anchor or authority of a TLS profile, in bytes of base64: a chain of certificates.
pub const MAX_ANCHOR: usize = 32 << 10;
/// Longest URL of a file, in bytes (RFC 8520, 3.2 and 10: with its head it fits an option of DHCP).
pub const MAX_URL: usize = 253;
/// Longest name of a list or an entry (RFC 8519: 64), with room for makers who overlooked that.
pub const MAX_NAME: usize = 128;
/// Most values of one leaf-list: RFC 9761 lists cipher suites, of which IANA knows 350.
pub const MAX_VALUES: usize = 512;
/// Most TLS profiles of one entry.
pub const MAX_PROFILES: usize = 16;
/// Most warnings kept; the rest is counted.
pub const MAX_WARNINGS: usize = 200;
/// Hours that a file may be kept (RFC 8520, 3.5).
pub const CACHE_HOURS: std::ops::RangeInclusive<u16> = 1..=168;
/// Hours that a file is kept when it does not say (RFC 8520, 3.5).
pub const CACHE_HOURS_DEFAULT: u16 = 48;
