use antflow::{State, pipeline, stage};

#[stage]
async fn pass<T: Clone>(item: T, _: State<Vec<Database>>) -> T {
    item
}

fn main() {
    let _ = pipeline!(pass::<u32>);
}
