//! The PROXY protocol, versions 1 and 2: a proxy in front tells whose connection it hands on.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;

use pingora_core::protocols::l4::stream::Stream as Socket;
use pingora_core::protocols::{GetSocketDigest, SocketDigest};
use tokio::io::AsyncReadExt;

/// How every header of version 2 begins.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// A header of version 1, its line end included, is never longer.
const LINE_MAX: usize = 107;
/// A header of version 2 with all it says beside addresses; proxies use some hundred bytes.
const HEADER_MAX: usize = 4 << 10;
/// Of version 2 before the addresses.
const FIXED: usize = 16;

/// A connection does not begin with a PROXY header.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyError {
    #[error("it ended before its PROXY header did")]
    Ended,
    #[error("it does not begin with a valid PROXY header")]
    Invalid,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What stands at a connection's beginning.
#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    /// More bytes are needed.
    Partial,
    /// A header of so many bytes; the client, unless the proxy speaks for itself.
    Whole(usize, Option<SocketAddr>),
}

/// Reads the header; from now on the socket's peer is the client that it names.
pub(crate) async fn take_header(socket: &mut Socket) -> Result<(), ProxyError> {
    let mut bytes = Vec::with_capacity(512);
    loop {
        if socket.read_buf(&mut bytes).await? == 0 {
            return Err(ProxyError::Ended);
        }
        if let Parsed::Whole(length, client) = parse(&bytes).ok_or(ProxyError::Invalid)? {
            socket.rewind(bytes.get(length..).unwrap_or_default());
            if let Some(client) = client {
                set_peer(socket, client);
            }
            return Ok(());
        }
    }
}

/// Makes pingora take this for the client's address.
pub(crate) fn set_peer(socket: &mut Socket, client: SocketAddr) {
    let digest = SocketDigest::from_raw_fd(socket.as_raw_fd());
    // The cell is new and therefore empty.
    let _ = digest.peer_addr.set(Some(client.into()));
    socket.set_socket_digest(digest);
}

/// `None`: these bytes begin no header.
fn parse(bytes: &[u8]) -> Option<Parsed> {
    let begins = |what: &[u8]| what.iter().zip(bytes).all(|(one, other)| one == other);
    if begins(SIGNATURE) {
        return if bytes.len() < FIXED { Some(Parsed::Partial) } else { binary(bytes) };
    }
    if !begins(b"PROXY ") {
        return None;
    }
    let Some(end) = memchr::memchr(b'\n', bytes.get(..LINE_MAX).unwrap_or(bytes)) else {
        return (bytes.len() < LINE_MAX).then_some(Parsed::Partial);
    };
    let line = std::str::from_utf8(bytes.get(..end)?).ok()?;
    Some(Parsed::Whole(end + 1, text(line.strip_suffix('\r')?)?))
}

/// The outer `None` is a fault, the inner one a proxy that speaks for itself.
fn text(line: &str) -> Option<Option<SocketAddr>> {
    let mut words = line.split(' ').skip(1);
    let family = words.next()?;
    if family == "UNKNOWN" {
        return Some(None);
    }
    let (source, destination) = (words.next()?, words.next()?);
    let (port, destination_port) = (words.next()?, words.next()?);
    let address = |text: &str| -> Option<IpAddr> {
        match family {
            "TCP4" => text.parse().ok().map(IpAddr::V4),
            "TCP6" => text.parse().ok().map(IpAddr::V6),
            _ => None,
        }
    };
    let port_of = |text: &str| -> Option<u16> { text.parse().ok() };
    address(destination)?;
    port_of(destination_port)?;
    let client = SocketAddr::new(address(source)?, port_of(port)?);
    words.next().is_none().then_some(Some(client))
}

fn binary(bytes: &[u8]) -> Option<Parsed> {
    let &[command, family, high, low] = bytes.get(SIGNATURE.len()..FIXED)? else { return None };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > HEADER_MAX {
        return None;
    }
    let is_local = match command {
        0x20 => true,
        0x21 => false,
        _ => return None,
    };
    let Some(addresses) = bytes.get(FIXED..FIXED + length) else { return Some(Parsed::Partial) };
    let client = match family {
        _ if is_local => None,
        0x11 => Some(client::<4, 12>(addresses)?),
        0x21 => Some(client::<16, 36>(addresses)?),
        _ => None,
    };
    Some(Parsed::Whole(FIXED + length, client))
}

/// Source and destination of `SIZE` bytes each, then their ports: `ALL` bytes.
fn client<const SIZE: usize, const ALL: usize>(addresses: &[u8]) -> Option<SocketAddr> {
    let (known, _) = addresses.split_first_chunk::<ALL>()?;
    let (source, _) = known.split_first_chunk::<SIZE>()?;
    let &[high, low] = known.get(2 * SIZE..2 * SIZE + 2)? else { return None };
    let address = match <[u8; 4]>::try_from(source.as_slice()) {
        Ok(v4) => IpAddr::V4(Ipv4Addr::from(v4)),
        Err(_) => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(source.as_slice()).ok()?)),
    };
    Some(SocketAddr::new(address, u16::from_be_bytes([high, low])))
}

#[cfg(test)]
mod tests;
