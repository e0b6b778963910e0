//! TLS under our listener, by rustls: 1.2 and 1.3, no renegotiation. The certificate is the user's configuration; here are
//! the deadline of the handshake and the choice of the version of HTTP.
//! Source: RFC 8446; RFC 7301.

use super::connection::{Protocols, Version};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

pub use tokio_rustls::rustls;

/// How long a handshake may take.
pub(super) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// A configuration with the certificate chain and the private key of the server, both as PEM, the server's own
/// certificate first. For everything else, such as certificates that change while the server runs, build a
/// [`ServerConfig`] yourself.
///
/// ```no_run
/// # async fn run() -> std::io::Result<()> {
/// let config = sockeye::tls::from_pem(&std::fs::read("chain.pem")?, &std::fs::read("key.pem")?)?;
/// sockeye::Server::new().listen_tls("[::]:443", config).await
/// # }
/// ```
///
/// # Errors
/// `InvalidInput` when the texts hold no certificate or no key, or when these do not belong together.
pub fn from_pem(chain: &[u8], key: &[u8]) -> io::Result<ServerConfig> {
    let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidInput, what);
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| invalid(format!("certificate chain: {error}")))?;
    if chain.is_empty() {
        return Err(invalid("certificate chain: no certificate in it".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| invalid(format!("private key: {error}")))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| invalid(format!("certificate and key: {error}")))
}

impl Protocols {
    pub(super) fn with_tls(mut self, config: Arc<ServerConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// Offers by ALPN what we speak, whatever the configuration of the user says.
    pub(super) fn prepare_tls(&mut self) {
        let Some(config) = &mut self.tls else { return };
        let alpn = &mut Arc::make_mut(config).alpn_protocols;
        alpn.clear();
        #[cfg(feature = "http2")]
        if self.http2 {
            alpn.push(b"h2".to_vec());
        }
        alpn.push(b"http/1.1".to_vec());
    }
}

/// What was agreed on.
pub(super) fn version(stream: &TlsStream<TcpStream>) -> Version {
    #[cfg(feature = "http2")]
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        return Version::Http2;
    }
    let _ = stream;
    Version::Http1
}
