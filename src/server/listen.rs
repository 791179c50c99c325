//! Where the daemon answers: at sockets that the system holds for it, else at the addresses of its
//! settings.
//!
//! A socket that systemd holds stays while the daemon is replaced: who comes meanwhile waits in its
//! queue and is not refused.

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

/// Clients that may wait to be let in, as actix has it for its own sockets.
const BACKLOG: i32 = 1024;

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

/// Must `address` leave IPv4 alone? By itself `[::]` stands for both; beside `0.0.0.0` at the same
/// port, each is for its own.
pub(super) fn is_for_ipv6_only(address: &SocketAddr, all: &[Listen]) -> bool {
    address.is_ipv6()
        && address.port() != 0
        && all.iter().any(|other| match other {
            Listen::Tcp(other) => other.is_ipv4() && other.port() == address.port(),
            Listen::Unix(_) => false,
        })
        && matches!(address.ip(), IpAddr::V6(ip) if ip.is_unspecified())
}

/// Listens at an address of IPv6 and leaves IPv4 alone.
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

/// Listens at a socket in the file system, with the mode and group of the settings. One that a daemon
/// left which is no more is replaced; one that somebody answers at, and a file, are not.
pub(super) fn unix(path: &Path, settings: &Server) -> Result<UnixListener, Error> {
    let group = settings.socket_group.as_deref().map(group).transpose()?;
    let is_socket = fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
    if is_socket && UnixStream::connect(path).is_err() {
        // If it cannot be removed, listening fails and says so.
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
        // Until it listens nobody can connect, so nobody slips in before it is as it shall be.
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
