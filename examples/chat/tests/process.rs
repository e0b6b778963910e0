//! The program as it is run: a process of its own, plain HTTP over TCP, signals.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which clippy does not see as tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A running chat, ended with the value.
struct Chat {
    process: Child,
    port: u16,
}

impl Chat {
    /// Starts the program on this file; it serves when this returns.
    fn start(database: &Folder) -> Self {
        loop {
            let port = free_port();
            let mut process = program(port, database).stdout(Stdio::piped()).spawn().unwrap();
            let mut line = String::new();
            BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
            let file = database.0.join("chat.sqlite");
            let expected = format!(
                "chat on http://localhost:{port}, messages in {}, Ctrl-C to end it\n",
                file.display()
            );
            if line == expected {
                return Self { process, port };
            }
            // Somebody else was faster.
            assert!(!process.wait().unwrap().success(), "the program said {line:?}");
        }
    }

    fn get(&self, path: &str) -> Response {
        self.request("GET", path, "")
    }

    fn request(&self, method: &str, path: &str, body: &str) -> Response {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        let length = body.len();
        let host = format!("localhost:{}", self.port);
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
            .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        Response { head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits for the end.
    fn ended(mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Response {
    /// Status line and headers, in lower case.
    head: String,
    body: String,
}

/// A polling session in the chat, by the packets of the wire.
struct Session<'a> {
    chat: &'a Chat,
    path: String,
    received: Vec<String>,
}

impl<'a> Session<'a> {
    fn enter(chat: &'a Chat) -> Self {
        let open = chat.get("/socket.io/?EIO=4&transport=polling").body;
        let sid = open.strip_prefix("0{\"sid\":\"").unwrap().split('"').next().unwrap();
        let path = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
        let mut session = Self { chat, path, received: Vec::new() };
        session.send(r#"40{"key":"0123456789abcdef","nickname":"Ada"}"#);
        session.wait_for("40{\"sid\":");
        session
    }

    fn send(&self, packet: &str) {
        assert_eq!(self.chat.request("POST", &self.path, packet).body, "ok");
    }

    /// The next packet that begins so; those before it are passed over.
    fn wait_for(&mut self, beginning: &str) -> String {
        loop {
            while !self.received.is_empty() {
                let packet = self.received.remove(0);
                if packet.starts_with(beginning) {
                    return packet;
                }
            }
            let payload = self.chat.get(&self.path).body;
            self.received.extend(payload.split('\x1e').map(str::to_owned));
        }
    }
}

/// A folder of a test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("chat-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn program(port: u16, database: &Folder) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
    command.env("PORT", port.to_string()).env("CHAT_DB", database.0.join("chat.sqlite"));
    command
}

/// A port below those that the system gives to outgoing connections.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let n = std::process::id().wrapping_mul(16).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 20_000 + u16::try_from(n % 10_000).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

#[test]
fn page_and_client_are_served() {
    let folder = Folder::new();
    let chat = Chat::start(&folder);
    for (path, content_type, part) in [
        ("/", "text/html; charset=utf-8", "<form id=\"form\""),
        ("/app.js", "text/javascript; charset=utf-8", "socket.on(\"chat message\""),
        ("/state.js", "text/javascript; charset=utf-8", "const state = {"),
        ("/view.js", "text/javascript; charset=utf-8", "textContent"),
        ("/style.css", "text/css; charset=utf-8", "prefers-color-scheme: dark"),
        ("/socket.io/socket.io.min.js", "application/javascript; charset=utf-8", "io"),
    ] {
        let response = chat.get(path);
        assert!(response.head.starts_with("http/1.1 200"), "{path}: {}", response.head);
        assert!(
            response.head.contains(&format!("content-type: {content_type}")),
            "{path}: {}",
            response.head
        );
        assert!(response.body.contains(part), "{path} has no {part}");
    }
    assert!(chat.get("/").head.contains("content-security-policy: default-src 'self'"));
    assert!(chat.get("/nothing").head.starts_with("http/1.1 404"));
}

#[test]
fn both_addresses_of_localhost_answer() {
    let folder = Folder::new();
    let chat = Chat::start(&folder);
    TcpStream::connect((Ipv4Addr::LOCALHOST, chat.port)).unwrap();
    // A machine without IPv6 has one address only.
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        TcpStream::connect((Ipv6Addr::LOCALHOST, chat.port)).unwrap();
    }
}

#[test]
fn message_goes_round_once_and_outlives_the_process() {
    let folder = Folder::new();
    let first = Chat::start(&folder);
    let mut session = Session::enter(&first);
    assert_eq!(
        session.wait_for("42[\"history\""),
        r#"42["history",{"messages":[],"anew":true,"earlier":false}]"#
    );
    assert_eq!(session.wait_for("42[\"online\""), r#"42["online",[{"id":1,"nickname":"Ada"}]]"#);
    session.send(r#"420["chat message",{"text":"hello","offset":"a"}]"#);
    let message = session.wait_for("42[\"chat message\"");
    assert!(message.contains(r#""id":1,"author":{"id":1,"nickname":"Ada"},"text":"hello""#), "{message}");
    assert_eq!(session.wait_for("43"), r#"430[{"id":1}]"#);
    // The process ends as in a crash.
    drop(first);

    let second = Chat::start(&folder);
    let mut session = Session::enter(&second);
    let history = session.wait_for("42[\"history\"");
    let (_, message) = message.split_once(',').unwrap();
    assert!(history.contains(&format!("[{}]", message.strip_suffix(']').unwrap())), "{history}");
    session.send(r#"420["chat message",{"text":"hello","offset":"a"}]"#);
    assert_eq!(session.wait_for("4"), r#"42["online",[{"id":1,"nickname":"Ada"}]]"#);
    assert_eq!(session.wait_for("4"), r#"430[{"id":1}]"#, "what comes again is stored already");
}

#[test]
fn interrupt_and_terminate_end_it_in_order() {
    for signal in ["INT", "TERM"] {
        let folder = Folder::new();
        let chat = Chat::start(&folder);
        let mut session = Session::enter(&chat);
        session.wait_for("42[\"online\"");
        chat.signal(signal);
        let goodbye = r#"6{"reason":"The chat has been stopped.","reconnectAfter":1000}"#;
        assert_eq!(session.wait_for("6{"), goodbye, "after SIG{signal}");
        assert_eq!(chat.ended().code(), Some(0), "after SIG{signal}");
        let left: Vec<_> =
            std::fs::read_dir(&folder.0).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(left, ["chat.sqlite"]);
    }
}

#[test]
fn port_that_is_taken_or_none_is_said_plainly() {
    let folder = Folder::new();
    let chat = Chat::start(&folder);
    let said = |port: &str| {
        let output = program(chat.port, &folder).env("PORT", port).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let (port, next) = (chat.port, chat.port + 1);
    assert_eq!(
        said(&port.to_string()),
        format!("chat: port {port} is taken; choose another, such as PORT={next}\n")
    );
    for port in ["", "0", "65536", "http"] {
        assert_eq!(said(port), format!("chat: PORT is \"{port}\", but a port is a number from 1 to 65535\n"));
    }
}
