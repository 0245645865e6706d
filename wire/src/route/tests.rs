use super::*;

fn pid(number: u32) -> Pid {
    Pid::new(number).unwrap()
}

fn session() -> Who {
    "086ce0db-50b0-42a3-b30a-e82a2d9c2aac".parse().unwrap()
}

#[test]
fn every_route_reads_back_from_its_own_path() {
    for route in [
        Route::Page,
        Route::PageScript,
        Route::PageStandIn,
        Route::PageStyle,
        Route::Icon,
        Route::Health,
        Route::Sessions(Scope::Live),
        Route::Sessions(Scope::Recent { days: 30 }),
        Route::Context(pid(7)),
        Route::Why(pid(7)),
        Route::Socket,
        Route::Ticket,
        Route::Events,
        Route::Tree(pid(7)),
        Route::Kill(pid(7)),
        Route::Interrupt(Who::Pid(pid(7))),
        Route::Start,
        Route::Message(session()),
        Route::Cancel(session()),
        Route::Model(session()),
        Route::PermissionMode(session()),
        Route::Rename(Who::Pid(pid(7))),
        Route::Output(session(), Since::default()),
        Route::Output(
            session(),
            Since {
                after: 12,
                follow: true,
                back: None,
            },
        ),
        Route::Output(
            session(),
            Since {
                back: Some(Page {
                    limit: 7,
                    before: Some(12),
                }),
                ..Since::default()
            },
        ),
        Route::Screen(session(), Above { lines: 0 }),
        Route::Screen(session(), Above { lines: 1000 }),
        Route::Keys(session()),
        Route::Resize(Who::Pid(pid(7))),
        Route::Approvals,
        Route::Decide("3f0c_A-1".parse().unwrap()),
        Route::Rules,
        Route::SetRules,
        Route::TestRule,
        Route::ImportRules,
        Route::Pause(pid(7)),
        Route::Continue(pid(7)),
        Route::Act,
        Route::Resume,
        Route::Cleanup,
        Route::Orphans,
        Route::Reap,
        Route::Audit(Page::default()),
        Route::Audit(Page {
            limit: 5,
            before: Some(77),
        }),
    ] {
        let method = route.method().as_str();
        assert_eq!(Route::parse(method, &route.path()), Ok(route.clone()));
        assert_eq!(Route::parse(method, &route.soft_path()), Ok(route.clone()));
        assert!(Route::is_soft(&route.soft_path()));
        assert!(!Route::is_soft(&route.path()));
    }
}

#[test]
fn what_is_not_a_route_says_why() {
    let check = |method, target, reject| {
        assert_eq!(
            Route::parse(method, target),
            Err(reject),
            "{method} {target}"
        );
    };
    check("GET", "/nope", Reject::NotFound);
    check("GET", "/sessions/", Reject::NotFound);
    check("GET", "/sessions/7", Reject::NotFound);
    check("GET", "/sessions/7/context/more", Reject::NotFound);
    check("GET", "sessions", Reject::NotFound);
    check("GET", "http://127.0.0.1/sessions", Reject::NotFound);
    let bad_method = |allow| Reject::BadMethod { allow };
    let both: &[_] = &[Method::Get, Method::Post];
    check("PUT", "/sessions", bad_method(both));
    check("OPTIONS", "/sessions", bad_method(both));
    check("get", "/sessions", bad_method(both));
    check("DELETE", "/rules", bad_method(both));
    check("POST", "/health", bad_method(&[Method::Get]));
    check("GET", "/sessions/resume", bad_method(&[Method::Post]));
    check("POST", "/sessions/zz/message", Reject::BadWho);
    check("POST", "/sessions/../interrupt", Reject::BadWho);
    check("POST", "/approvals/a.b", Reject::BadRequestId);
    check("POST", "/approvals/", Reject::BadRequestId);
    check(
        "GET",
        "/sessions/7/output?after=x",
        Reject::BadQuery(Since::TAKES),
    );
    check(
        "GET",
        "/sessions/7/screen?scrollback=1001",
        Reject::BadQuery("scrollback is a whole number of lines, 0 to 1000"),
    );
    check("POST", "/sessions/0/kill", Reject::BadPid);
    check("POST", "/sessions/-1/kill", Reject::BadPid);
    check("POST", "/sessions/../kill", Reject::BadPid);
    check("POST", "/sessions/99999999999/kill", Reject::BadPid);
    check(
        "GET",
        "/sessions?scope=all",
        Reject::BadQuery("scope is live or recent"),
    );
    check(
        "GET",
        "/sessions?scope=recent&days=0",
        Reject::BadQuery("days is a whole number from 1 to 3650"),
    );
    check(
        "GET",
        "/sessions?scope=recent&days=x",
        Reject::BadQuery("days is a whole number from 1 to 3650"),
    );
}
