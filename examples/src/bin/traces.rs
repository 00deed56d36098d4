//! Traces of a run, sent to a collector by OTLP.
//!
//! The collector is looked for at `OTEL_EXPORTER_OTLP_ENDPOINT`, or else at <http://localhost:4318>; Jaeger listens there:
//!
//! ```sh
//! docker run --rm -p 16686:16686 -p 4318:4318 jaegertracing/jaeger:latest
//! cargo run -p antflow-examples --bin traces
//! ```

use std::error::Error;
use std::time::Duration;

use antflow::{Item, TaskContext, Trace, pipeline, stage, task};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::runtime::Tokio;
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_sdk::trace::span_processor_with_async_runtime::BatchSpanProcessor;
use tracing::info;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt};

#[derive(Debug, thiserror::Error)]
enum PostError {
    #[error("the van is full")]
    FullVan,
    #[error("{0} kg are too heavy")]
    TooHeavy(u32),
}

#[task]
async fn weigh(kilograms: u32) -> Result<u32, PostError> {
    if kilograms > 30 {
        return Err(PostError::TooHeavy(kilograms));
    }
    Ok(kilograms)
}

#[task]
async fn stamp(kilograms: u32) -> u32 {
    // In the span of the task, as an event.
    info!(cents = 100 * kilograms, "stamped");
    kilograms
}

#[stage(workers = 2)]
struct Accept(weigh, stamp);

/// The second parcel finds no place in its first attempt.
#[stage(retry = "per_task", attempts = 3, wait = "10ms")]
async fn send(kilograms: u32, cx: &TaskContext) -> Result<u32, PostError> {
    tokio::time::sleep(Duration::from_millis(5)).await;
    if kilograms == 2 && cx.attempt() == 1 {
        return Err(PostError::FullVan);
    }
    Ok(kilograms)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let exporter = SpanExporter::builder().with_http().build()?;
    let provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name("post").build())
        .with_span_processor(BatchSpanProcessor::builder(exporter, Tokio).build())
        .build();
    let spans = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("antflow"))
        // The client makes spans of its own while it sends, at lower levels.
        .with_filter(LevelFilter::INFO);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(spans))?;

    let parcels = [("small", 1), ("medium", 2), ("huge", 99)];
    let parcels = parcels.map(|(id, kilograms)| Item::new(kilograms).id(id));
    // In production perhaps `Trace::ratio(0.01)`.
    let post = pipeline!(Accept >> send).trace(Trace::all());
    for result in post.run(parcels).await? {
        match result.value {
            Ok(kilograms) => println!("{}: {kilograms} kg sent", result.id),
            Err(error) => println!("{}: {error}", result.id),
        }
    }

    // All spans of a run have ended with it. What was not sent yet is now.
    provider.force_flush()?;
    provider.shutdown()?;
    Ok(())
}
