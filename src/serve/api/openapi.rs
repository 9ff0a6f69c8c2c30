//! The description of the interface, as OpenAPI 3.1 has it.

use axum::Json;
use utoipa::OpenApi;

use super::{decisions, erasures, events, jobs, listing, service, submit, told, webhooks};
use crate::serve::{media, problem, spectrogram, waveform};

/// The interface.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "soundalike",
        description = "Finds out whether uploads resemble existing recordings, and shows where."
    ),
    paths(
        submit::submit,
        submit::check,
        listing::list,
        listing::one,
        listing::records,
        listing::clusters,
        listing::cluster,
        media::upload,
        media::reference,
        media::member,
        waveform::upload,
        waveform::reference,
        spectrogram::upload,
        spectrogram::upload_tile,
        spectrogram::reference,
        spectrogram::reference_tile,
        spectrogram::peaks,
        spectrogram::heard,
        decisions::decide,
        decisions::decide_all,
        decisions::list,
        decisions::note,
        jobs::one,
        jobs::records,
        events::follow,
        webhooks::receivers,
        webhooks::messages,
        webhooks::again,
        webhooks::ping,
        erasures::erase,
        erasures::list,
        service::policies,
        service::index,
        service::healthz,
        service::readyz,
        service::metrics,
    ),
    components(schemas(problem::Problem, told::Upload, told::JobTold, told::ClusterTold))
)]
struct Interface;

pub(in crate::serve) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Interface::openapi())
}
