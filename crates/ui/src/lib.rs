//! The layout of pages for all servers of the workspace: security headers, languages and number formats,
//! QR codes, style and script.
//!
//! Nothing here knows what a page is about. Pages are made by templates, which escape whatever is
//! put into them; nothing comes from elsewhere, nothing works only with script.
//!
//! | module | |
//! | --- | --- |
//! | `accept` | what a browser says it would like |
//! | `locale` | who reads: language, and how numbers are written there |
//! | `messages` | The table of texts, English and German |
//! | `money` | amounts as the visitor writes them |
//! | `formatted_time` | instants and times left |
//! | `qr` | QR codes |
//! | `csrf` | what ties a form to the browser that got it |
//! | `once` | forms that are sent twice, secrets that are shown once |
//! | `files` | style and script |

pub mod accept;
pub mod csrf;
pub mod files;
pub mod formatted_time;
pub mod locale;
pub mod messages;
pub mod money;
pub mod once;
pub mod qr;

pub use locale::{Language, Locale};
pub use messages::Messages;

/// What pages may load and do: what is ours, and nothing in the page itself.
pub const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
                          img-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; \
                          object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
