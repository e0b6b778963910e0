//! A chat on http://localhost:3000: `cargo run`, then open it in two tabs.
//!
//! `PORT` is another port, `CHAT_DB` another file for the messages than `chat.sqlite` in the current folder.
//! It listens on this machine only.

mod chat;
mod page;
mod store;

use axum::Router;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
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
    let store = open_store()?;
    let io = chat::server(store.clone());
    let app = page::router().layer(io.layer());
    let stop = stop_signal()?;
    println!("chat on http://localhost:{port}");
    tokio::select! {
        served = serve(listeners, app) => served?,
        // Clients are told, and served until they know.
        () = async { stop.await; io.close().await } => {}
    }
    store.close().await;
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

fn open_store() -> io::Result<Store> {
    let path = std::env::var_os("CHAT_DB").map_or_else(|| PathBuf::from("chat.sqlite"), PathBuf::from);
    Store::open(&path).map_err(|error| io::Error::other(format!("cannot open {}: {error}", path.display())))
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
