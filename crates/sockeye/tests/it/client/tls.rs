//! TLS between the clients here, which know nothing of it, and a server; and streams of any kind as a TCP stream.

use super::Http;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{
    ClientConfig, DEFAULT_VERSIONS, RootCertStore, ServerConfig, SupportedProtocolVersion,
};

const CHAIN: &[u8] = include_bytes!("../../certificates/chain.pem");
const KEY: &[u8] = include_bytes!("../../certificates/key.pem");

/// The configuration of a server that is `localhost`.
pub(crate) fn certificate() -> ServerConfig {
    sockeye::tls::from_pem(CHAIN, KEY).unwrap()
}

/// What a client believes that offers these protocols.
pub(crate) fn trust(alpn: &[&str]) -> ClientConfig {
    trust_with(DEFAULT_VERSIONS, alpn)
}

/// [`trust`] in these versions of TLS.
pub(crate) fn trust_with(versions: &[&'static SupportedProtocolVersion], alpn: &[&str]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(CHAIN).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_protocol_versions(versions);
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

pub(crate) async fn connect(
    server: SocketAddr,
    config: ClientConfig,
) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(server).await?;
    tcp.set_nodelay(true)?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, tcp).await
}

/// A port through which clients without TLS reach a server that wants it.
pub(crate) async fn bridge(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut plain, _) = listener.accept().await.unwrap();
            plain.set_nodelay(true).unwrap();
            tokio::spawn(async move {
                if let Ok(mut tls) = connect(server, trust(&["http/1.1"])).await {
                    let _ = copy_bidirectional(&mut plain, &mut tls).await;
                }
            });
        }
    });
    address
}

/// One end of a TCP connection whose other end is joined with `stream`.
pub(crate) async fn piped(mut stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Http {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    far.set_nodelay(true).unwrap();
    tokio::spawn(async move {
        let _ = copy_bidirectional(&mut far, &mut stream).await;
    });
    Http::on(near)
}
