//! The tables of negotiation, both ends.

use super::*;
use WindowBits::{Fifteen, Nine, Ten, Twelve};

const PLAIN: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// The agreed windows and what the answer says beyond the two takeovers.
fn accept(server: DeflateServer, offers: &str) -> Option<(u8, u8, String)> {
    let (agreement, answer) = server.accept(offers.as_bytes())?;
    let rest = answer.strip_prefix(PLAIN).expect("both takeovers are in every answer");
    Some((agreement.server_window.get(), agreement.client_window.get(), rest.to_owned()))
}

#[test]
fn offers_and_answers_of_a_server_with_the_largest_windows() {
    type Expected = Option<(u8, u8, &'static str)>;
    let cases: &[(&str, Expected)] = &[
        ("permessage-deflate", Some((15, 15, ""))),
        ("permessage-deflate; client_max_window_bits", Some((15, 15, ""))),
        ("Permessage-Deflate;Client_Max_Window_Bits", Some((15, 15, ""))),
        ("permessage-deflate; server_no_context_takeover", Some((15, 15, ""))),
        ("permessage-deflate; client_no_context_takeover", Some((15, 15, ""))),
        ("permessage-deflate; client_no_context_takeover; server_no_context_takeover", Some((15, 15, ""))),
        ("permessage-deflate; server_max_window_bits=9", Some((9, 15, "; server_max_window_bits=9"))),
        ("permessage-deflate; server_max_window_bits=15", Some((15, 15, "; server_max_window_bits=15"))),
        ("permessage-deflate; server_max_window_bits=\"10\"", Some((10, 15, "; server_max_window_bits=10"))),
        ("permessage-deflate; server_max_window_bits = 10 ", Some((10, 15, "; server_max_window_bits=10"))),
        ("permessage-deflate; client_max_window_bits=9", Some((15, 9, "; client_max_window_bits=9"))),
        ("permessage-deflate; client_max_window_bits=15", Some((15, 15, ""))),
        (
            "permessage-deflate; client_max_window_bits=11; server_max_window_bits=12",
            Some((12, 11, "; server_max_window_bits=12; client_max_window_bits=11")),
        ),
        // Declined: windows of 8 bits, values out of range or not as the grammar has them.
        ("permessage-deflate; server_max_window_bits=8", None),
        ("permessage-deflate; client_max_window_bits=8", None),
        ("permessage-deflate; server_max_window_bits", None),
        ("permessage-deflate; server_max_window_bits=", None),
        ("permessage-deflate; server_max_window_bits=16", None),
        ("permessage-deflate; server_max_window_bits=7", None),
        ("permessage-deflate; server_max_window_bits=010", None),
        ("permessage-deflate; server_max_window_bits=+10", None),
        ("permessage-deflate; server_max_window_bits=1O", None),
        ("permessage-deflate; server_max_window_bits=10 11", None),
        ("permessage-deflate; server_max_window_bits=\"10", None),
        ("permessage-deflate; server_max_window_bits=999999999999999999999", None),
        ("permessage-deflate; client_max_window_bits=0", None),
        ("permessage-deflate; client_max_window_bits=\"\"", None),
        // Declined: a value where there is none, twice the same, unknown, empty.
        ("permessage-deflate; server_no_context_takeover=true", None),
        ("permessage-deflate; client_no_context_takeover=1", None),
        ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", None),
        ("permessage-deflate; client_no_context_takeover; client_no_context_takeover", None),
        ("permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", None),
        ("permessage-deflate; client_max_window_bits; client_max_window_bits=10", None),
        ("permessage-deflate; mux", None),
        ("permessage-deflate; foo=bar", None),
        ("permessage-deflate;", None),
        ("permessage-deflate; =", None),
        // Other extensions, none, and noise.
        ("x-webkit-deflate-frame", None),
        ("permessage-deflates", None),
        ("permessage-deflate=1", None),
        ("", None),
        (", ,;;,\"", None),
        ("\u{fffd}", None),
        // The next offer in the list is tried, and other extensions are passed over.
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate", Some((15, 15, ""))),
        (
            "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=9",
            Some((9, 15, "; server_max_window_bits=9")),
        ),
        (
            "permessage-deflate; foo, permessage-deflate; client_max_window_bits=12",
            Some((15, 12, "; client_max_window_bits=12")),
        ),
        ("foo; bar=\"a, permessage-deflate; \\\" ;\", permessage-deflate", Some((15, 15, ""))),
        ("foo; bar=\"permessage-deflate", None),
        (" , permessage-deflate ,", Some((15, 15, ""))),
        // The first one that can be kept wins.
        ("permessage-deflate, permessage-deflate; server_max_window_bits=9", Some((15, 15, ""))),
    ];
    for (offers, expected) in cases {
        let expected = expected.map(|(server, client, rest)| (server, client, rest.to_owned()));
        assert_eq!(accept(DeflateServer::default(), offers), expected, "{offers}");
    }
}

#[test]
fn a_server_with_smaller_windows_says_so_where_it_may() {
    let server = DeflateServer { server_window: Ten, client_window: Twelve };
    let cases = [
        // A server's own window may be said unasked, a client's may not.
        ("permessage-deflate", 10, 15, "; server_max_window_bits=10"),
        ("permessage-deflate; server_max_window_bits=9", 9, 15, "; server_max_window_bits=9"),
        ("permessage-deflate; server_max_window_bits=15", 10, 15, "; server_max_window_bits=10"),
        (
            "permessage-deflate; client_max_window_bits",
            10,
            12,
            "; server_max_window_bits=10; client_max_window_bits=12",
        ),
        (
            "permessage-deflate; client_max_window_bits=9",
            10,
            9,
            "; server_max_window_bits=10; client_max_window_bits=9",
        ),
        (
            "permessage-deflate; client_max_window_bits=15",
            10,
            12,
            "; server_max_window_bits=10; client_max_window_bits=12",
        ),
    ];
    for (offers, ours, theirs, rest) in cases {
        assert_eq!(accept(server, offers), Some((ours, theirs, rest.to_owned())), "{offers}");
    }
}

#[test]
fn a_client_offers_no_takeover_and_its_windows() {
    let offer = |server_window, client_window| DeflateClient { server_window, client_window }.offer();
    assert_eq!(offer(Fifteen, Fifteen), format!("{PLAIN}; client_max_window_bits"));
    assert_eq!(offer(Nine, Twelve), format!("{PLAIN}; server_max_window_bits=9; client_max_window_bits=12"));
}

#[test]
fn a_client_takes_only_an_answer_to_its_offer() {
    use DeflateOfferError::{ContextTakeover, Malformed, WindowBits as Window};
    let all = DeflateClient::default();
    let small = DeflateClient { server_window: Ten, client_window: Twelve };
    let cases = [
        (all, "server_no_context_takeover", Ok((15, 15))),
        (all, "server_no_context_takeover; client_no_context_takeover", Ok((15, 15))),
        (all, "server_no_context_takeover; server_max_window_bits=9", Ok((9, 15))),
        (all, "server_no_context_takeover; client_max_window_bits=12", Ok((15, 12))),
        (small, "server_no_context_takeover; server_max_window_bits=10", Ok((10, 12))),
        (small, "server_no_context_takeover; server_max_window_bits=9; client_max_window_bits=9", Ok((9, 9))),
        (all, "client_no_context_takeover", Err(ContextTakeover)),
        (small, "server_no_context_takeover", Err(Window)),
        (small, "server_no_context_takeover; server_max_window_bits=11", Err(Window)),
        (
            small,
            "server_no_context_takeover; server_max_window_bits=10; client_max_window_bits=13",
            Err(Window),
        ),
        (all, "server_no_context_takeover; client_max_window_bits", Err(Window)),
        (all, "server_no_context_takeover; client_max_window_bits=8", Err(Malformed)),
        (all, "server_no_context_takeover; server_no_context_takeover", Err(Malformed)),
        (all, "server_no_context_takeover; x", Err(Malformed)),
        (all, "server_no_context_takeover, permessage-deflate", Err(Malformed)),
    ];
    for (client, answer, expected) in cases {
        let judged = client.judge(format!("permessage-deflate; {answer}").as_bytes());
        let windows = judged.map(|agreed| (agreed.server_window.get(), agreed.client_window.get()));
        assert_eq!(windows, expected, "{answer}");
    }
    for answer in ["", "x-webkit-deflate-frame", "foo, permessage-deflate; server_no_context_takeover"] {
        assert_eq!(all.judge(answer.as_bytes()), Err(Malformed), "{answer}");
    }
}

#[test]
fn what_a_server_answers_a_client_takes() {
    for server_window in WindowBits::ALL {
        for client_window in WindowBits::ALL {
            for limits in
                [DeflateServer::default(), DeflateServer { server_window: Twelve, client_window: Ten }]
            {
                let client = DeflateClient { server_window, client_window };
                let (agreed, answer) = limits.accept(client.offer().as_bytes()).expect("can be kept");
                assert_eq!(client.judge(answer.as_bytes()), Ok(agreed), "{answer}");
                assert!(agreed.server_window <= server_window && agreed.client_window <= client_window);
            }
        }
    }
}

#[test]
fn windows_are_9_to_15_bits() {
    for bits in 0..=255 {
        assert_eq!(WindowBits::new(bits).map(WindowBits::get), (9..=15).contains(&bits).then_some(bits));
    }
}
