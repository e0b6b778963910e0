//! Where the contract servers listen, and the runtime they run on.

use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZero;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::{Builder, Runtime};

/// One worker for each core that the process may use, or `WORKERS` of them. One worker needs no threads.
pub(crate) fn runtime() -> io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    match std::env::var("WORKERS").ok().and_then(|workers| workers.parse().ok()).unwrap_or(cores) {
        0 | 1 => Builder::new_current_thread().enable_all().build(),
        workers => Builder::new_multi_thread().worker_threads(workers).enable_all().build(),
    }
}

/// Listeners on 127.0.0.1 and, where the machine has it, ::1. Says the port on stdout, for whoever asked for port 0.
pub(crate) fn listeners() -> io::Result<Vec<TcpListener>> {
    let port = match std::env::var("PORT") {
        Ok(port) => port.parse().map_err(|_| io::Error::other(format!("PORT is no port: \"{port}\"")))?,
        Err(_) => 3000,
    };
    let v4 = listen(TcpSocket::new_v4()?, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    let port = v4.local_addr()?.port();
    let v6 =
        TcpSocket::new_v6().and_then(|socket| listen(socket, SocketAddr::from((Ipv6Addr::LOCALHOST, port))));
    // Whoever started us may have closed its end.
    let _ = writeln!(io::stdout(), "listening on port {port}");
    Ok([Some(v4), v6.ok()].into_iter().flatten().collect())
}

/// A backlog for thousands of clients that connect at once.
const BACKLOG: u32 = 4096;

fn listen(socket: TcpSocket, address: SocketAddr) -> io::Result<TcpListener> {
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Runs one server future for each listener; ends when the first of them does.
pub(crate) async fn serve_all<F>(serve: impl Fn(TcpListener) -> F) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let mut running = tokio::task::JoinSet::new();
    for listener in listeners()? {
        running.spawn(serve(listener));
    }
    running.join_next().await.map_or(Ok(()), |ended| ended.map_err(io::Error::other)?)
}
