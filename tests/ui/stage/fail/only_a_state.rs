use antflow::{State, stage};

#[stage]
async fn tick(State(count): State<u32>) -> u32 {
    count
}

fn main() {}
