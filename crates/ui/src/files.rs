//! Style and script: files of their own, so that pages need not allow what is written into them.

use taler::hash;

/// A file that pages refer to.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Its name in addresses.
    pub name: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// What is in it.
    pub text: &'static str,
}

/// All of them.
pub const FILES: &[File] = &[
    File { name: "icon.svg", kind: "image/svg+xml", text: include_str!("icon.svg") },
    File { name: "style.css", kind: "text/css; charset=utf-8", text: include_str!("style.css") },
    File { name: "office.css", kind: "text/css; charset=utf-8", text: include_str!("office.css") },
    File {
        name: "office.js",
        kind: "text/javascript; charset=utf-8",
        text: concat!(include_str!("connection.js"), include_str!("office.js")),
    },
    File {
        name: "receipt.css",
        kind: "text/css; charset=utf-8",
        text: include_str!("receipt.css"),
    },
    File {
        name: "receipt.js",
        kind: "text/javascript; charset=utf-8",
        text: include_str!("receipt.js"),
    },
    // So that a tablet at the counter can have the till as an app that takes the whole screen.
    File {
        name: "till.webmanifest",
        kind: "application/manifest+json",
        text: include_str!("till.webmanifest"),
    },
    File {
        name: "poll.js",
        kind: "text/javascript; charset=utf-8",
        text: concat!(include_str!("connection.js"), include_str!("poll.js")),
    },
];

impl File {
    /// The file called `name`.
    pub fn named(name: &str) -> Option<&'static Self> {
        FILES.iter().find(|file| file.name == name)
    }

    /// A mark that changes with the text, for `ETag`, without its quotes.
    pub fn tag(&self) -> String {
        let hash = hash::sha512(self.text.as_bytes()).to_string();
        hash.get(..16).unwrap_or(&hash).to_owned()
    }
}
