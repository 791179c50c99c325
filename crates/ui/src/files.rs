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
    pub content: &'static [u8],
}

/// A file that is kept beside this one.
macro_rules! file {
    ($name:literal, $kind:literal) => {
        File { name: $name, kind: $kind, content: include_bytes!($name) }
    };
}

/// Text files that become one, in this order.
macro_rules! joined {
    ($name:literal, $kind:literal, $($part:literal),+) => {
        File { name: $name, kind: $kind, content: concat!($(include_str!($part)),+).as_bytes() }
    };
}

/// All of them.
pub const FILES: &[File] = &[
    file!("icon.svg", "image/svg+xml"),
    // For the home screens of phones and tablets; the last one fills its square, so that it can be cut to any shape.
    file!("icon-192.png", "image/png"),
    file!("icon-512.png", "image/png"),
    file!("icon-full.png", "image/png"),
    file!("style.css", "text/css; charset=utf-8"),
    file!("office.css", "text/css; charset=utf-8"),
    file!("till.css", "text/css; charset=utf-8"),
    file!("receipt.css", "text/css; charset=utf-8"),
    file!("receipt.js", "text/javascript; charset=utf-8"),
    joined!("office.js", "text/javascript; charset=utf-8", "connection.js", "office.js"),
    file!("till.js", "text/javascript; charset=utf-8"),
    file!("code.js", "text/javascript; charset=utf-8"),
    file!("picture.js", "text/javascript; charset=utf-8"),
    // So that a tablet at the counter can have the till as an app that takes the whole screen.
    file!("till.webmanifest", "application/manifest+json"),
    joined!("poll.js", "text/javascript; charset=utf-8", "connection.js", "poll.js"),
];

impl File {
    /// The file called `name`.
    pub fn named(name: &str) -> Option<&'static Self> {
        FILES.iter().find(|file| file.name == name)
    }

    /// A mark that changes with the content, for `ETag`, without its quotes.
    pub fn tag(&self) -> String {
        let hash = hash::sha512(self.content).to_string();
        hash.get(..16).unwrap_or(&hash).to_owned()
    }
}
