//! The service for tonic, without a .proto file.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let names = [
        ("null", "Null"),
        ("echo", "Echo"),
        ("read", "Read"),
        ("write", "Write"),
    ];
    let service = names.into_iter().fold(
        Service::builder().name("Load").package("load"),
        |service, (name, route)| {
            let method = Method::builder()
                .name(name)
                .route_name(route)
                .input_type("crate::by_tonic::Blob")
                .output_type("crate::by_tonic::Blob")
                .codec_path("tonic_prost::ProstCodec");
            service.method(method.build())
        },
    );
    Builder::new().compile(&[service.build()]);
}
