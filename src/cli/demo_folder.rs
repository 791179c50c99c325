//! The folder of the demonstration, which `tilld demo` and `tilld wallet` share.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::Error;

/// Name of the file with the base URL of the exchange from which `tilld wallet` withdraws.
pub(super) const EXCHANGE_FILE: &str = "exchange";
/// Longest file with a token, a password or an address, in bytes.
const MAX_KEPT: u64 = 2048;

/// Folder of the demonstration and its wallet: `tilld-demo` in the data
/// folder of the current user.
pub(super) fn demo_folder() -> Result<PathBuf, Error> {
    let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = folder("XDG_DATA_HOME")
        .or_else(|| Some(folder("HOME")?.join(".local").join("share")))
        .ok_or_else(|| Error::Usage("there is no home folder; use --data-dir".into()))?;
    Ok(data.join("tilld-demo"))
}

/// The text of the file, if it exists.
pub(super) fn kept(path: &Path) -> Result<Option<String>, Error> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at(path)(error)),
    };
    let mut text = String::new();
    file.take(MAX_KEPT).read_to_string(&mut text).map_err(at(path))?;
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// Adds the path of the file to an I/O error.
pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |error| Error::Other(format!("{}: {error}", path.display()))
}

/// Reports an invalid constant of the demonstration; a bug.
pub(super) fn fixed(error: impl std::fmt::Display) -> Error {
    Error::Other(error.to_string())
}
