use tollgate_config::ServerAddress;

use super::*;

fn server() -> Target {
    Target::Servers(vec![ServerAddress::Url("http://127.0.0.1:1".to_owned())])
}

fn find(sites: &Sites, host: &str, path: &str) -> Option<Destination> {
    sites.find(host, path).destination
}

fn site(hosts: &[&str], routes: &[(&str, Target)]) -> Site {
    let route = |(path, to): &(&str, Target)| tollgate_config::Route {
        path: (*path).to_owned(),
        to: to.clone(),
        public: true,
        connect_timeout: None,
        read_timeout: None,
        http2: false,
        body_bytes: None,
        health_check: None,
    };
    Site {
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        routes: routes.iter().map(route).collect(),
        ..Site::default()
    }
}

#[test]
fn the_longest_prefix_of_the_named_site_wins() {
    let server = server();
    let sites = Sites::new(
        &[
            site(&["*"], &[("/", Target::Gateway)]),
            site(&["A.example"], &[("/", server), ("/v1/", Target::Models)]),
        ],
        None,
    )
    .unwrap();
    let is_upstream = |host, path| match find(&sites, host, path) {
        Some(Destination::Upstream(_)) => true,
        Some(Destination::Gateway(_)) => false,
        None => panic!("{host}{path} has no route"),
    };
    assert!(is_upstream("a.EXAMPLE:443", "/x"));
    assert!(!is_upstream("a.example", "/v1/models"));
    assert!(!is_upstream("other", "/x"));
}

#[test]
fn a_host_or_path_without_a_route_goes_nowhere() {
    let sites = Sites::new(&[site(&["a"], &[("/x", Target::Gateway)])], None).unwrap();
    assert!(find(&sites, "b", "/x").is_none());
    assert!(find(&sites, "a", "/y").is_none());
    let everything = find(&Sites::new(&[], None).unwrap(), "b", "/y");
    assert!(matches!(everything, Some(Destination::Gateway(Exposed::All))));
}

#[test]
fn a_route_to_a_part_of_the_gateway_shows_that_part_only() {
    let targets = [("/", Target::Gateway), ("/m/", Target::Models), ("/a/", Target::Admin)];
    let sites = Sites::new(&[site(&["*"], &targets)], None).unwrap();
    let exposed = |path| match find(&sites, "any", path) {
        Some(Destination::Gateway(exposed)) => exposed,
        other => panic!("{path}: {other:?}"),
    };
    let (all, models, admin) = (exposed("/x"), exposed("/m/x"), exposed("/a/x"));
    // Route, in `models`, in `admin`.
    for (route, is_model, is_admin) in [
        (Route::Call(tollgate_domain::Dialect::OpenaiChat), true, false),
        (Route::Models, true, true),
        (Route::Model, true, true),
        (Route::KeyGenerate, false, true),
        (Route::KeyInfo, false, true),
        (Route::Health, false, true),
        (Route::Liveness, false, true),
        (Route::Metrics, false, true),
    ] {
        assert!(all.shows(route), "{route:?}");
        assert_eq!(models.shows(route), is_model, "{route:?}");
        assert_eq!(admin.shows(route), is_admin, "{route:?}");
    }
}

#[test]
fn exact_hosts_come_before_longer_and_shorter_wildcards() {
    let all = [("/", Target::Gateway)];
    let hosts = ["*", "*.example.com", "a.example.com", "*.b.example.com", "::1", "127.0.0.1"];
    let sites = hosts.map(|host| {
        let mut site = site(&[host], &all);
        // Which site it was is told by its header.
        site.headers.set.push(("x-site".to_owned(), host.to_owned()));
        site
    });
    let sites = Sites::new(&sites, None).unwrap();
    let cases = [
        ("a.example.com", "a.example.com"),
        ("A.Example.com:443", "a.example.com"),
        ("a.example.com.", "a.example.com"),
        ("x.example.com", "*.example.com"),
        ("x.y.example.com", "*.example.com"),
        ("x.b.example.com", "*.b.example.com"),
        ("b.example.com", "*.example.com"),
        ("example.com", "*"),
        ("evilexample.com", "*"),
        (".example.com", "*"),
        ("[::1]:8443", "::1"),
        ("127.0.0.1:1", "127.0.0.1"),
        ("", "*"),
    ];
    for (host, expected) in cases {
        let mut answer = http::HeaderMap::new();
        sites.find(host, "/").policy.apply_to_own(&mut answer, None);
        assert_eq!(answer["x-site"], expected, "{host}");
    }
}

#[test]
fn a_site_without_the_path_still_has_its_headers() {
    let mut one = site(&["a"], &[("/x", Target::Gateway)]);
    one.headers.set.push(("x-site".to_owned(), "a".to_owned()));
    let sites = Sites::new(&[one], None).unwrap();
    let found = sites.find("a", "/y");
    let mut answer = http::HeaderMap::new();
    found.policy.apply_to_own(&mut answer, None);
    assert!(found.destination.is_none() && found.is_known);
    assert_eq!(answer["x-site"], "a");
    assert!(!sites.find("b", "/x").is_known);
}

#[test]
fn a_path_with_two_readings_that_differ_goes_nowhere() {
    let routes = [("/", server()), ("/private", Target::Gateway), ("/a/", server())];
    let sites = Sites::new(&[site(&["*"], &routes)], None).unwrap();
    let cases = [
        ("/x/../y", true),
        ("/%70ublic", true),
        ("//y", true),
        ("/private/%2e/x", true),
        ("/a/%2F/b", true),
        ("/x/../private", false),
        ("/%70rivate", false),
        ("//private", false),
        ("/x%2f..%2fprivate", false),
        ("/private/../y", false),
        ("/private/..%2fy", false),
        ("/a/../x", false),
    ];
    for (path, expected) in cases {
        assert_eq!(find(&sites, "any", path).is_some(), expected, "{path}");
    }
}
