//! Socket.IO packets with their attachments, at a server and at a client that have joined `/` and `/admin`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockeye_fuzz::{Sent, check_args, limits, lines};
use sockeye_proto::socket::{ClientEvent, ClientMux, ServerEvent, ServerMux};

fuzz_target!(|data: &[u8]| {
    let mut server = ServerMux::new(limits());
    for namespace in ["/", "/admin"] {
        let _ = server.handle_text(&format!("0{}", if namespace == "/" { "" } else { "/admin," }));
        let _ = server.accept(namespace, ());
    }
    let mut client = ClientMux::new(limits());
    let _ = client.connect("/", (), None::<&()>, 0);
    let _ = client.handle_text("0{\"sid\":\"a\"}");
    let (mut server_open, mut client_open) = (true, true);
    for message in lines(data) {
        if server_open {
            let event = match &message {
                Sent::Text(text) => server.handle_text(text),
                Sent::Binary(data) => server.handle_binary(data),
            };
            match event {
                Ok(ServerEvent::Event { event, .. }) => check_args(&event.name, &event.args),
                Ok(ServerEvent::Ack { args, .. }) => check_args("ack", &args),
                Ok(_) => {}
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    server_open = false;
                }
            }
        }
        if client_open {
            let event = match &message {
                Sent::Text(text) => client.handle_text(text),
                Sent::Binary(data) => client.handle_binary(data),
            };
            match event {
                Ok(ClientEvent::Event { event, .. }) => check_args(&event.name, &event.args),
                Ok(_) => {}
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    client_open = false;
                }
            }
        }
    }
});
