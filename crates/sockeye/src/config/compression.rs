//! Options about the compression of HTTP bodies.

use super::ServerBuilder;

/// The threshold of compression by default.
pub(super) const HTTP_COMPRESSION_THRESHOLD: usize = 1024;

impl ServerBuilder {
    /// Whether the payloads of polls and the files of the browser client are compressed with Brotli, gzip or deflate,
    /// as `Accept-Encoding` of each request wishes: true by default. Secrets that travel in one payload with what an
    /// attacker chooses can be guessed from its length; turn it off where that matters.
    ///
    /// Source: `httpCompression` in Node, which knows no Brotli for payloads.
    pub fn http_compression(mut self, compress: bool) -> Self {
        self.0.http_compression = compress.then_some(HTTP_COMPRESSION_THRESHOLD);
        self
    }

    /// The size in bytes from which on bodies are compressed: 1024 by default.
    ///
    /// Source: `httpCompression.threshold` in Node.
    pub fn http_compression_threshold(mut self, bytes: usize) -> Self {
        self.0.http_compression = Some(bytes);
        self
    }
}
