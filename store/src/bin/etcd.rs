//! The store alone, under etcd's name and with etcd's flags.

use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let parsed = store::config::parse(&args, &[]);
    let config = match parsed.result {
        Ok(c) => c,
        Err(e) => return std::process::ExitCode::from(e.exit_code()),
    };
    let rt = tokio::runtime::Runtime::new().expect("rt");
    rt.block_on(async move {
        let disk = Arc::new(store::disk::Real::new());
        let metrics = Arc::new(store::metrics::Metrics::new(false).expect("m"));
        let opened = store::member::open(&config, disk).expect("open");
        let running = store::member::start(&config, opened, metrics)
            .await
            .expect("start");
        let addr = config.listen_client_urls[0]
            .as_str()
            .trim_start_matches("http://")
            .parse()
            .expect("a");
        tracing::info!("ready to serve client requests");
        tonic::transport::Server::builder()
            .tcp_nodelay(true)
            .add_routes(running.member.routes())
            .serve(addr)
            .await
            .expect("serve");
    });
    0.into()
}
