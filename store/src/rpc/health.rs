//! The standard gRPC health service: the server as a whole (service "") serves.

use proto::health as pb;
use proto::health::health_check_response::ServingStatus;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

pub(super) struct Service;

fn response(status: ServingStatus) -> pb::HealthCheckResponse {
    pb::HealthCheckResponse {
        status: status as i32,
    }
}

#[tonic::async_trait]
impl pb::health_server::Health for Service {
    async fn check(
        &self,
        request: Request<pb::HealthCheckRequest>,
    ) -> Result<Response<pb::HealthCheckResponse>, Status> {
        match request.into_inner().service.as_str() {
            "" => Ok(Response::new(response(ServingStatus::Serving))),
            _ => Err(Status::not_found("unknown service")),
        }
    }

    type WatchStream = ReceiverStream<Result<pb::HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        request: Request<pb::HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let status = match request.into_inner().service.as_str() {
            "" => ServingStatus::Serving,
            _ => ServingStatus::ServiceUnknown,
        };
        // One status, and another when it changes; the stream stays open until the client ends it.
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            if sender.send(Ok(response(status))).await.is_ok() {
                sender.closed().await;
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}
