//! Which request is answered by what, and what all of them pass.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

use super::api::{decisions, erasures, events, jobs, listing, openapi, service, submit, webhooks};
use super::problem::{self, Problem};
use super::shared::Shared;
use super::{media, pages, security, spectrogram, waveform};

/// Requests that are worked on at once.
const MAX_REQUESTS: usize = 256;
/// Largest body of a request that is no upload, in bytes.
const MAX_BODY: usize = 256 << 10;

/// All that is answered, for a service at `local`.
pub(super) fn router(desk: Shared, local: SocketAddr) -> Router {
    // Audio is compressed already, and parts of it are asked for by their place.
    let worth = SizeAbove::new(1024)
        .and(NotForContentType::const_new("audio/"))
        // Events are sent when they happen, not when there is enough to compress.
        .and(NotForContentType::const_new("text/event-stream"))
        .and(NotForContentType::const_new("image/png"))
        .and(NotForContentType::const_new("font/"));
    // What is sent, and what a form needs around it.
    let largest = usize::try_from(desk.settings.max_upload).unwrap_or(usize::MAX);
    let largest = largest.saturating_add(16 << 20);
    let gate = security::Gate::new(&desk, local);
    Router::new()
        .route(
            "/v1/uploads",
            get(listing::list).merge(post(submit::submit).layer(DefaultBodyLimit::max(largest))),
        )
        .route("/v1/checks", post(submit::check).layer(DefaultBodyLimit::max(largest)))
        .route("/v1/uploads/{id}", get(listing::one))
        .route("/v1/uploads/{id}/records", get(listing::records))
        .route("/v1/uploads/{id}/audio", get(media::upload))
        .route("/v1/uploads/{id}/waveform", get(waveform::upload))
        .route("/v1/uploads/{id}/matches/{match}/audio", get(media::reference))
        .route("/v1/uploads/{id}/matches/{match}/waveform", get(waveform::reference))
        .route("/v1/uploads/{id}/spectrogram", get(spectrogram::upload))
        .route("/v1/uploads/{id}/spectrogram/{scale}/{tile}", get(spectrogram::upload_tile))
        .route("/v1/uploads/{id}/matches/{match}/spectrogram", get(spectrogram::reference))
        .route(
            "/v1/uploads/{id}/matches/{match}/spectrogram/{scale}/{tile}",
            get(spectrogram::reference_tile),
        )
        .route("/v1/uploads/{id}/matches/{match}/peaks", get(spectrogram::peaks))
        .route("/v1/uploads/{id}/matches/{match}/peaks.wav", get(spectrogram::heard))
        .route("/v1/uploads/{id}/decisions", get(decisions::list).post(decisions::decide))
        .route("/v1/uploads/{id}/notes", post(decisions::note))
        .route("/v1/jobs/{id}", get(jobs::one))
        .route("/v1/jobs/{id}/records", get(jobs::records))
        .route("/v1/jobs/{id}/events", get(events::follow))
        .route("/v1/webhooks", get(webhooks::receivers))
        .route("/v1/webhooks/messages", get(webhooks::messages))
        .route("/v1/webhooks/messages/{id}/send", post(webhooks::again))
        .route("/v1/webhooks/{name}/ping", post(webhooks::ping))
        .route("/v1/clusters", get(listing::clusters))
        .route("/v1/clusters/{id}", get(listing::cluster))
        .route("/v1/clusters/{id}/members/{member}/audio", get(media::member))
        .route("/v1/clusters/{id}/decisions", axum::routing::post(decisions::decide_all))
        .route("/v1/erasures", get(erasures::list).post(erasures::erase))
        .route("/v1/policies", get(service::policies))
        .route("/v1/index", get(service::index))
        .route("/openapi.json", get(openapi::document))
        .merge(pages::routes())
        .layer(GlobalConcurrencyLimitLayer::new(MAX_REQUESTS))
        // Whoever watches over the service is answered however many requests wait.
        .route("/healthz", get(service::healthz))
        .route("/readyz", get(service::readyz))
        .route("/metrics", get(service::metrics))
        .fallback(pages::nothing_here)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(problem::uniform))
        .layer(from_fn_with_state((desk.clone(), Arc::new(gate)), security::guard))
        .layer(CompressionLayer::new().gzip(true).compress_when(worth))
        .layer(from_fn(security::headers))
        .layer(from_fn_with_state(desk.clone(), service::counted))
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(desk)
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    use axum::response::IntoResponse;
    Problem::internal("an internal error; please report this").into_response()
}
