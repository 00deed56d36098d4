use antflow::{pipeline, stage};

struct Opaque;

#[stage]
async fn make(value: u32) -> Opaque {
    let _ = value;
    Opaque
}

#[stage]
async fn show<T>(value: T) -> String
where
    T: ToString,
{
    value.to_string()
}

fn main() {
    let _ = pipeline!(make >> show::<Opaque>);
}
