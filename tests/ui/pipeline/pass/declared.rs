//! Pipelines with names.
#![deny(warnings, missing_docs, missing_debug_implementations)]

use antflow::{State, StageExt, pipeline, stage};

#[stage]
async fn trim(text: String) -> String {
    text.trim().to_owned()
}

#[stage]
async fn length(text: &str, limit: State<usize>) -> Result<usize, std::io::Error> {
    Ok(text.len().min(*limit))
}

mod numbers {
    #[antflow::stage]
    pub(crate) async fn double(number: usize) -> usize {
        number * 2
    }
}

#[stage]
async fn pass<T: Send + 'static>(value: T) -> T {
    value
}

pipeline! {
    /// Measures texts.
    pub Measure: String => usize =
        trim.workers(4) >> pass::<String> >> length >> numbers::double.queue(100).workers(2);

    Trim: String => String = trim;
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let results = Measure::new().with_state(5_usize).run([" four ".to_owned()]).await.unwrap();
    assert_eq!(results[0].value.as_ref().unwrap(), &8);
    let results = Trim::new().run([" four ".to_owned()]).await.unwrap();
    assert_eq!(results[0].value.as_ref().unwrap(), "four");
    let _ = trim {}.workers(2);
}
