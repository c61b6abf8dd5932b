//! Counts words of stdin. The argument `fail` makes it fail; `dial ADDRESS` and `read PATH` try what a guest may not do.
use std::collections::HashMap;
use std::io::Read;

fn fail(message: String) -> ! {
    eprintln!("{message}");
    std::process::exit(3)
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match (args.first().map(String::as_str), args.get(1)) {
        (Some("dial"), Some(address)) => match std::net::TcpStream::connect(address.parse::<std::net::SocketAddr>().unwrap()) {
            Ok(_) => println!("connected"),
            Err(error) => fail(format!("no connection: {error}")),
        },
        (Some("read"), Some(path)) => match std::fs::read_to_string(path) {
            Ok(text) => println!("{text}"),
            Err(error) => fail(format!("no file: {error}")),
        },
        _ => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).unwrap();
            let mut counts: HashMap<&str, usize> = HashMap::new();
            for word in text.split_whitespace() {
                *counts.entry(word).or_default() += 1;
            }
            // A map of the standard library is seeded by chance: its order must be the seed's
            for (word, n) in &counts {
                println!("{word} {n}");
            }
            if args.first().map(String::as_str) == Some("fail") {
                fail("asked to fail".into());
            }
        }
    }
}
