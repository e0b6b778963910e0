//! A chat on http://localhost:3000: `cargo run`, then open it in two tabs, each of which is a person.
//!
//! `PORT` is another port, `CHAT_DB` another file for the messages than `chat.sqlite` in the current folder.
//! It listens on this machine only. Ctrl-C ends it; a second one does not wait for anybody.

mod chat;
mod page;
mod store;

use axum::Router;
use sockeye::{Goodbye, Server, Shutdown};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use store::Store;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> io::Result<()> {
    let port = port()?;
    let listeners = listen(port).await?;
    let path = std::env::var_os("CHAT_DB").map_or_else(|| PathBuf::from("chat.sqlite"), PathBuf::from);
    let store = Store::open(&path)
        .map_err(|error| io::Error::other(format!("cannot open {}: {error}", path.display())))?;
    let io = chat::server(store.clone());
    let app = page::router().layer(io.layer());
    let stop = stop_signal()?;
    println!("chat on http://localhost:{port}, messages in {}, Ctrl-C to end it", path.display());
    tokio::select! {
        served = serve(listeners, app) => served?,
        said = async { stop.await; say_goodbye(&io).await } => said?,
    }
    store.close().await;
    Ok(())
}

/// Clients are told why, and served until they know; they come back when the chat is there again.
async fn say_goodbye(io: &Server) -> io::Result<()> {
    let stop_now = stop_signal()?;
    let goodbye = Goodbye::new().reason("The chat has been stopped.").reconnect_after(Duration::from_secs(1));
    let plan = Shutdown::within(Duration::from_millis(500)).grace(Duration::from_secs(2)).goodbye(goodbye);
    tokio::select! {
        () = io.shutdown(plan) => {}
        () = async { stop_now.await; io.close().await } => {}
    }
    Ok(())
}

fn port() -> io::Result<u16> {
    match std::env::var("PORT") {
        Ok(port) => port.parse().ok().filter(|&port| port != 0).ok_or_else(|| {
            io::Error::other(format!("PORT is \"{port}\", but a port is a number from 1 to 65535"))
        }),
        Err(_) => Ok(3000),
    }
}

/// Both addresses of `localhost`: which of them a browser takes is its own choice.
async fn listen(port: u16) -> io::Result<Vec<TcpListener>> {
    let v4 = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .await
        .map_err(|error| refused(port, error))?;
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await {
        Ok(v6) => Ok(vec![v4, v6]),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(refused(port, error)),
        // A machine without IPv6.
        Err(_) => Ok(vec![v4]),
    }
}

fn refused(port: u16, error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::AddrInUse => io::Error::other(format!(
            "port {port} is taken; choose another, such as PORT={}",
            port.wrapping_add(1).max(1024)
        )),
        _ => io::Error::other(format!("cannot listen on port {port}: {error}")),
    }
}

async fn serve(listeners: Vec<TcpListener>, app: Router) -> io::Result<()> {
    let mut serving = JoinSet::new();
    for listener in listeners {
        serving.spawn(sockeye::serve(listener, app.clone()).into_future());
    }
    while let Some(ended) = serving.join_next().await {
        ended.map_err(io::Error::other)??;
    }
    Ok(())
}

/// Resolves at Ctrl-C, or when the process is told to terminate. It listens from the call on.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Resolves at Ctrl-C. It listens from the call on.
#[cfg(windows)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
