//! The one place that draws random bits: from the operating system, for identifiers.

/// 120 fresh bits.
pub(crate) fn entropy() -> [u8; 15] {
    let mut bytes = [0; 15];
    if let Err(error) = getrandom::fill(&mut bytes) {
        // An identifier that could be guessed is worse than none: without the OS's generator nobody may
        // connect. The random state that std seeds itself from would have aborted before us.
        tracing::error!(%error, "no_entropy");
        std::process::abort();
    }
    bytes
}
