//! tarpc, over TCP with bincode.

use crate::Load;
use bytes::Bytes;
use futures::StreamExt;
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::Bincode;
use tarpc::tokio_util::codec::LengthDelimitedCodec;
use tarpc::{client, context, serde_transport};
use tokio::net::{TcpListener, TcpStream};

#[tarpc::service]
trait Calls {
    async fn null();
    async fn echo(data: Bytes) -> Bytes;
    async fn read() -> Bytes;
    async fn write(data: Bytes);
}

#[derive(Clone)]
struct Server(Bytes);

impl Calls for Server {
    async fn null(self, _: context::Context) {}
    async fn echo(self, _: context::Context, data: Bytes) -> Bytes {
        data
    }
    async fn read(self, _: context::Context) -> Bytes {
        self.0
    }
    async fn write(self, _: context::Context, data: Bytes) {
        drop(data);
    }
}

pub(crate) async fn serve(listener: TcpListener) {
    let server = Server(vec![7; 1 << 20].into());
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).expect("TCP");
        let framed = LengthDelimitedCodec::builder().new_framed(stream);
        let channel = BaseChannel::with_defaults(serde_transport::new(framed, Bincode::default()));
        let requests = channel.execute(server.clone().serve());
        tokio::spawn(requests.for_each(|handler| async {
            tokio::spawn(handler);
        }));
    }
}

#[derive(Clone)]
struct Client(CallsClient);

pub(crate) async fn connect(port: u16) -> impl Load {
    let stream = TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("the server");
    stream.set_nodelay(true).expect("TCP");
    let framed = LengthDelimitedCodec::builder().new_framed(stream);
    let transport = serde_transport::new(framed, Bincode::default());
    Client(CallsClient::new(client::Config::default(), transport).spawn())
}

impl Load for Client {
    async fn null(&self) {
        self.0.null(context::current()).await.expect("an answer");
    }
    async fn echo(&self, data: Bytes) -> Bytes {
        self.0
            .echo(context::current(), data)
            .await
            .expect("an answer")
    }
    async fn read(&self) -> Bytes {
        self.0.read(context::current()).await.expect("an answer")
    }
    async fn write(&self, data: Bytes) {
        self.0
            .write(context::current(), data)
            .await
            .expect("an answer");
    }
}
