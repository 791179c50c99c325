//! Where the daemon answers: at sockets that the system holds for it, else at the addresses of its
//! settings.
//!
//! A socket that systemd holds stays while the daemon is replaced: who comes meanwhile waits in its
//! queue and is not refused.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use listenfd::ListenFd;

use super::{Error, io};
use crate::config::Listen;

/// A socket to answer at, open already.
#[derive(Debug)]
pub(super) enum Socket {
    /// For addresses of a network.
    Tcp(TcpListener),
    /// In the file system.
    Unix(UnixListener),
}

/// Sockets that were handed to this process, with their addresses.
///
/// # Errors
/// [`Error::Io`] for one that nobody can connect to.
pub(super) fn handed() -> Result<Vec<(Socket, String)>, Error> {
    let mut sockets = ListenFd::from_env();
    (0..sockets.len()).map(|at| taken(&mut sockets, at)).collect()
}

fn taken(sockets: &mut ListenFd, at: usize) -> Result<(Socket, String), Error> {
    let failed = io("a socket from systemd");
    if let Ok(Some(listener)) = sockets.take_tcp_listener(at) {
        let address = Listen::Tcp(listener.local_addr().map_err(failed)?).to_string();
        return Ok((Socket::Tcp(listener), address));
    }
    let listener = sockets.take_unix_listener(at).map_err(&failed)?;
    let listener = listener.ok_or_else(|| failed(io::Error::other("it is gone")))?;
    let address = listener.local_addr().map_err(&failed)?;
    let path = address.as_pathname().map(|path| Listen::Unix(path.to_owned()).to_string());
    Ok((Socket::Unix(listener), path.unwrap_or_else(|| "a unix socket without a name".into())))
}

/// Listens at a socket in the file system. One that a daemon left which is no more is replaced; one
/// that somebody answers at, and a file, are not.
pub(super) fn unix(path: &Path) -> Result<UnixListener, Error> {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
    if is_socket && UnixStream::connect(path).is_err() {
        // If it cannot be removed, listening fails and says so.
        let _ = fs::remove_file(path);
    }
    UnixListener::bind(path).map_err(io(&format!("cannot listen at {}", path.display())))
}
