use antflow::Route;

#[derive(Route)]
#[route(krate = antflow)]
enum Document {
    Text(String),
}

fn main() {}
