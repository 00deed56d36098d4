use antflow::{State, stage};

#[stage]
async fn save(row: String, name: State<&str>) -> usize {
    row.len() + name.len()
}

fn main() {}
