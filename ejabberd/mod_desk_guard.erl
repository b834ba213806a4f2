%%% The desk host's wall: no path leads around deskbridge.
%%%
%%% Virtual hosts of one ejabberd reach each other directly, so an agent could write to a Work
%%% account, to another agent's account, to a room or to a remote server without ever meeting the
%%% component. On every virtual host that loads this module a stanza passes only between
%%%
%%%   * an account and itself, all its resources included,
%%%   * an account and its own server,
%%%   * the host and the component hosts that the option `component_hosts' names.
%%%
%%% Everything else is refused with auth/forbidden in either direction, before rosters, archives
%%% and other modules see it. What must not be answered (RFC 6120, 8.3.1) vanishes.
%%%
%%% deskbridge sends a proof from time to time: a message from an account here to the Work host, which
%%% must not pass. The guard tells the component that it was refused. Without a guard nobody would.
%%%
%%% Needs no headers: compile with `erlc mod_desk_guard.erl', put the .beam on ejabberd's load path
%%% (ERL_OPTIONS="-pa DIR" in ejabberdctl.cfg). Tried on ejabberd 23.01, 24.12 and 26.07.
-module(mod_desk_guard).

-export([start/2, stop/1, reload/3, depends/2]).
-export([mod_opt_type/1, mod_options/1, mod_doc/0]).
-export([user_send_packet/1, filter_packet/1]).

%% Runs first: hooks of other modules have no business with what is refused.
-define(PRIORITY, 1).
-define(PROOF_NS, <<"urn:deskbridge:guard:1">>).
-define(REFUSAL, <<"Only your directory contacts can be reached from here">>).

%%% --- gen_mod -----------------------------------------------------------------------------

%% The hook `user_send_packet' sees what clients of this host send before it touches their roster.
%% `filter_packet' is global and sees whatever ejabberd routes, from and to any host.
start(Host, _Opts) ->
    ejabberd_hooks:add(user_send_packet, Host, ?MODULE, user_send_packet, ?PRIORITY),
    ejabberd_hooks:add(filter_packet, ?MODULE, filter_packet, ?PRIORITY).

stop(Host) ->
    ejabberd_hooks:delete(user_send_packet, Host, ?MODULE, user_send_packet, ?PRIORITY),
    case gen_mod:is_loaded_elsewhere(Host, ?MODULE) of
        true -> ok;
        false -> ejabberd_hooks:delete(filter_packet, ?MODULE, filter_packet, ?PRIORITY)
    end.

%% Options are read for every stanza; nothing to do, and the hooks are never gone meanwhile.
reload(_Host, _NewOpts, _OldOpts) ->
    ok.

depends(_Host, _Opts) ->
    [].

mod_opt_type(component_hosts) ->
    econf:list(econf:domain()).

%% An atom without a default: ejabberd does not start if the option is missing.
mod_options(_Host) ->
    [component_hosts].

mod_doc() ->
    #{desc => <<"Stanzas pass only between an account of this host and itself, its own server, "
                "and the given component hosts. Everything else is refused.">>,
      opts => [{component_hosts,
                #{value => "[Host, ...]",
                  desc => <<"The component hosts of deskbridge for this host's tenant.">>}}]}.

%%% --- hooks -------------------------------------------------------------------------------

user_send_packet({Packet, State}) ->
    case check(Packet) of
        pass -> {Packet, State};
        drop -> {stop, {drop, State}}
    end.

filter_packet(drop) ->
    drop;
filter_packet(Packet) ->
    case check(Packet) of
        pass -> Packet;
        drop -> {stop, drop}
    end.

%%% --- the decision ------------------------------------------------------------------------

%% ejabberd ignores a hook that crashes and lets the stanza pass. So a crash must end here.
check(Packet) ->
    try
        case may_pass(Packet) of
            true -> pass;
            false -> refuse(Packet), drop
        end
    catch
        Class:Reason ->
            error_logger:error_msg("mod_desk_guard drops a stanza: ~p:~p~n", [Class, Reason]),
            drop
    end.

%% Each end that lives on a guarded host must be allowed to meet the other.
may_pass(Packet) ->
    From = jid:tolower(xmpp:get_from(Packet)),
    To = jid:tolower(xmpp:get_to(Packet)),
    (accepts(From, To) andalso accepts(To, From))
        orelse xmpp:get_meta(Packet, ?MODULE, none) =:= refusal.

accepts({User, Host, _}, {Peer, PeerHost, _}) ->
    not gen_mod:is_loaded(Host, ?MODULE)
        orelse at_home(User, Host, Peer, PeerHost)
        orelse lists:member(PeerHost, gen_mod:get_module_opt(Host, ?MODULE, component_hosts)).

%% An address without a local part is the server.
at_home(User, Host, Peer, Host) ->
    User =:= Peer orelse User =:= <<>> orelse Peer =:= <<>>;
at_home(_User, _Host, _Peer, _PeerHost) ->
    false.

%%% --- the answer --------------------------------------------------------------------------

refuse(Packet) ->
    [tell(Packet, Proof) || {xmlel, <<"proof">>, _, _} = Proof <- xmpp:get_els(Packet)],
    case answerable(element(1, Packet), xmpp:get_type(Packet)) of
        true -> ejabberd_router:route(refusal(Packet));
        false -> ok
    end.

%% Never an answer to an answer. Of presence, only what asks for something: a subscription, or
%% directed presence, which is how rooms are entered.
answerable(_Kind, error) -> false;
answerable(iq, Type) -> Type =/= result;
answerable(message, _Type) -> true;
answerable(presence, Type) -> Type =:= subscribe orelse Type =:= available.

%% Only to a component of the sender's own host. Anybody can send what looks like a proof; deskbridge knows
%% its own by their ids.
tell(Packet, Proof) ->
    {_, Host, _} = jid:tolower(xmpp:get_from(Packet)),
    Component = attribute(<<"tell">>, Proof),
    case attribute(<<"xmlns">>, Proof) =:= ?PROOF_NS andalso gen_mod:is_loaded(Host, ?MODULE)
        andalso lists:member(Component, gen_mod:get_module_opt(Host, ?MODULE, component_hosts)) of
        true -> ejabberd_router:route(told(Host, Component, attribute(<<"id">>, Proof)));
        false -> ok
    end.

told(Host, Component, Id) ->
    Refused = {xmlel, <<"refused">>, [{<<"xmlns">>, ?PROOF_NS}, {<<"id">>, Id}], []},
    Message = {xmlel, <<"message">>, [{<<"from">>, Host}, {<<"to">>, Component}, {<<"type">>, <<"headline">>}],
               [Refused]},
    xmpp:decode(Message, <<"jabber:client">>, [ignore_els]).

attribute(Name, {xmlel, _, Attributes, _}) ->
    proplists:get_value(Name, Attributes, <<>>).

%% Marked, since the answer comes from an address that the guard lets nothing through from.
%% The mark lives inside ejabberd only; no peer can set it.
refusal(Packet) ->
    Error = xmpp:err_forbidden(?REFUSAL, xmpp:get_lang(Packet)),
    xmpp:put_meta(xmpp:make_error(Packet, Error), ?MODULE, refusal).
