use antflow::{pipeline, stage, task};

struct Order;

struct Priced;
struct Shipped;

#[task]
async fn validate(_: Order) -> Order {
    Order
}

#[task]
async fn price(_: Order) -> Priced {
    Priced
}

// ANCHOR: fix
#[task]
async fn ship(_: Priced) -> Shipped {
    Shipped
}
// ANCHOR_END: fix

#[stage]
struct Fulfil(validate, price, ship);

fn main() {
    let _ = pipeline!(Fulfil);
}
