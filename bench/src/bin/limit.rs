//! The physical-limit yardstick on `PORT` of 127.0.0.1, corked when `CORK` is set; see [`sockeye_bench::limit`].

use std::io;
use std::net::Ipv4Addr;

use rustix::net::{self, AddressFamily, SocketAddrV4, SocketFlags, SocketType};
use sockeye_bench::limit::{Limit, Writes};

fn main() -> io::Result<()> {
    let port = match std::env::var("PORT") {
        Ok(port) => port.parse().map_err(|_| io::Error::other(format!("PORT={port} is no port")))?,
        Err(_) => 3000,
    };
    let writes = if std::env::var_os("CORK").is_some() { Writes::Corked } else { Writes::AtOnce };
    let socket = net::socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    net::sockopt::set_socket_reuseaddr(&socket, true)?;
    net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
    net::listen(&socket, BACKLOG)?;
    Limit::new(socket.into(), writes)?.run()
}

/// The standard library would take 128, which the load generator's first burst fills.
const BACKLOG: i32 = 4096;
