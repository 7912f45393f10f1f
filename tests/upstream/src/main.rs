//! The upstream as a program: `script ADDRESS` plays scripts for tests in other languages, `fixed
//! ADDRESS` gives one small answer as cheaply as it can, and `paced ADDRESS` streams at a steady
//! pace, for benches. The last two speak as Anthropic at `/messages` and else as OpenAI.

mod fixed;
mod framed;
mod paced;

use tokio::net::TcpListener;

use tollgate_test_upstream::Upstream;

const USAGE: &str = "usage: tollgate-test-upstream script|fixed|paced ADDRESS";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, address] = arguments.as_slice() else { return Err(USAGE.to_owned()) };
    match mode.as_str() {
        "script" => {
            let upstream = Upstream::start_on(address).await;
            println!("listening on {}", upstream.address());
            std::future::pending().await
        }
        "fixed" => fixed::serve(listen(address).await?).await,
        "paced" => paced::serve(listen(address).await?).await,
        _ => Err(USAGE.to_owned()),
    }
}

async fn listen(address: &str) -> Result<TcpListener, String> {
    let listener = TcpListener::bind(address).await.map_err(|error| error.to_string())?;
    println!("listening on {}", listener.local_addr().map_err(|error| error.to_string())?);
    Ok(listener)
}
