//! tonic, with prost's encoding.

use crate::Load;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};

/// The one message: some bytes.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Blob {
    #[prost(bytes = "bytes", tag = "1")]
    data: Bytes,
}

#[allow(warnings)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/load.Load.rs"));
}
use generated::load_client::LoadClient;
use generated::load_server::{self, LoadServer};

struct Server(Bytes);

fn blob(data: Bytes) -> Result<Response<Blob>, Status> {
    Ok(Response::new(Blob { data }))
}

#[tonic::async_trait]
impl load_server::Load for Server {
    async fn null(&self, _: Request<Blob>) -> Result<Response<Blob>, Status> {
        blob(Bytes::new())
    }
    async fn echo(&self, request: Request<Blob>) -> Result<Response<Blob>, Status> {
        blob(request.into_inner().data)
    }
    async fn read(&self, _: Request<Blob>) -> Result<Response<Blob>, Status> {
        blob(self.0.clone())
    }
    async fn write(&self, request: Request<Blob>) -> Result<Response<Blob>, Status> {
        drop(request);
        blob(Bytes::new())
    }
}

pub(crate) async fn serve(listener: TcpListener) {
    let server = LoadServer::new(Server(vec![7; 1 << 20].into()));
    let server = tonic::transport::Server::builder().add_service(server);
    let served = server.serve_with_incoming(accepted(listener)).await;
    served.expect("it serves");
}

/// Connections without Nagle's delay.
fn accepted(
    listener: TcpListener,
) -> impl futures::Stream<Item = std::io::Result<tokio::net::TcpStream>> {
    futures::StreamExt::inspect(TcpListenerStream::new(listener), |stream| {
        if let Ok(stream) = stream {
            stream.set_nodelay(true).expect("TCP");
        }
    })
}

#[derive(Clone)]
struct Client(LoadClient<Channel>);

pub(crate) async fn connect(port: u16) -> impl Load {
    let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).expect("an address");
    let channel = endpoint.tcp_nodelay(true).connect().await;
    Client(LoadClient::new(channel.expect("the server")))
}

impl Load for Client {
    async fn null(&self) {
        let blob = Blob::default();
        self.0.clone().null(blob).await.expect("an answer");
    }
    async fn echo(&self, data: Bytes) -> Bytes {
        let reply = self.0.clone().echo(Blob { data }).await;
        reply.expect("an answer").into_inner().data
    }
    async fn read(&self) -> Bytes {
        let reply = self.0.clone().read(Blob::default()).await;
        reply.expect("an answer").into_inner().data
    }
    async fn write(&self, data: Bytes) {
        let reply = self.0.clone().write(Blob { data }).await;
        reply.expect("an answer");
    }
}
