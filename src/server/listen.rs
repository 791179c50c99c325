//! Opens the daemon's listeners: sockets passed by systemd, else the addresses of its
//! settings.
//!
//! A socket of systemd stays open while the daemon is replaced: new connections wait in its
//! queue and are not refused.

use std::fs;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt, lchown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use listenfd::ListenFd;
use nix::unistd::Group;
use rustix::fs::{Mode, fchmod};
use rustix::net::sockopt::{set_ipv6_v6only, set_socket_reuseaddr};
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with,
};
use rustix::process::umask;

use super::{Error, io};
use crate::config::{Listen, Server};

/// Length of the accept queue, as actix sets it for its own sockets.
const BACKLOG: i32 = 1024;

/// An open listening socket.
#[derive(Debug)]
pub(super) enum Socket {
    /// TCP.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix(UnixListener),
}

/// Listening sockets that systemd passed to this process, with their addresses.
///
/// # Errors
/// [`Error::Io`] for a socket that does not listen.
pub(super) fn inherited_sockets() -> Result<Vec<(Socket, String)>, Error> {
    let mut sockets = ListenFd::from_env();
    (0..sockets.len()).map(|at| inherited_socket(&mut sockets, at)).collect()
}

fn inherited_socket(sockets: &mut ListenFd, at: usize) -> Result<(Socket, String), Error> {
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

/// Whether `address` is for IPv6 only. By itself `[::]` means both; beside `0.0.0.0` at the same
/// port, each is for its own protocol.
pub(super) fn is_for_ipv6_only(address: &SocketAddr, all: &[Listen]) -> bool {
    address.is_ipv6()
        && address.port() != 0
        && all.iter().any(|other| match other {
            Listen::Tcp(other) => other.is_ipv4() && other.port() == address.port(),
            Listen::Unix(_) => false,
        })
        && matches!(address.ip(), IpAddr::V6(ip) if ip.is_unspecified())
}

/// Listens at an IPv6 address, for IPv6 only.
pub(super) fn ipv6_only(address: &SocketAddr) -> Result<TcpListener, Error> {
    let open = || {
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::INET6, SocketType::STREAM, flags, None)?;
        set_socket_reuseaddr(&socket, true)?;
        set_ipv6_v6only(&socket, true)?;
        bind(&socket, address)?;
        listen(&socket, BACKLOG)?;
        Ok(TcpListener::from(socket))
    };
    open().map_err(io(&format!("cannot listen at {address}")))
}

/// Listens at a Unix socket, with the mode and group of the settings. A socket that a dead daemon
/// has left is replaced; one in use, or a file, is not.
pub(super) fn unix(path: &Path, settings: &Server) -> Result<UnixListener, Error> {
    let group = settings.socket_group.as_deref().map(group).transpose()?;
    let is_socket = fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
    if is_socket && UnixStream::connect(path).is_err() {
        // If it cannot be removed, listening fails with an error.
        let _ = fs::remove_file(path);
    }
    let open = || {
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        let address = SocketAddrUnix::new(path)?;
        match settings.socket_mode {
            None => bind(&socket, &address)?,
            Some(mode) => {
                // The file is made with the mode that the socket has, less the umask. By its name it
                // might be another file that is changed, if others may write in the folder.
                fchmod(&socket, Mode::from_raw_mode(mode.0))?;
                let usual = umask(Mode::empty());
                let bound = bind(&socket, &address);
                umask(usual);
                bound?;
            }
        }
        // No client can connect before it listens, so mode and group are set in time.
        if group.is_some() {
            lchown(path, None, group)?;
        }
        listen(&socket, BACKLOG)?;
        Ok(UnixListener::from(socket))
    };
    open().map_err(io(&format!("cannot listen at {}", path.display())))
}

/// The number of a group, by its name or number.
fn group(name: &str) -> Result<u32, Error> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    match Group::from_name(name) {
        Ok(Some(group)) => Ok(group.gid.as_raw()),
        _ => Err(Error::Setting(format!(
            "server.socket_group: this machine has no group \"{name}\""
        ))),
    }
}
