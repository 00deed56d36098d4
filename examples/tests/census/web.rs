use crate::served::{Served, refuses_a_taken_address};

#[test]
fn it_is_shown_on_a_page_while_it_goes_on() {
    let census = Served::start("--web", "a page at ");
    // Nobody is answered before the pipeline starts.
    let snapshot = census.get("/api/snapshot");
    assert!(snapshot.contains("\"stage_name\":\"Parse\""), "{snapshot}");
    census.end();
}

#[test]
fn an_address_that_is_taken_is_refused_by_name() {
    refuses_a_taken_address("--web");
}
