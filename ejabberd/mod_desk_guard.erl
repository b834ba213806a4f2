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
%%% It also answers what a component cannot ask ejabberd in any other way: whether this is still the
%%% same ejabberd, and which of the component's messages are in an account's archive.
%%%
%%% And it sees to it that one deskbridge at a time has the component hosts: ejabberd takes several
%%% streams for one host, and hands each stanza to one of them by chance.
%%%
%%% Needs no headers: compile with `erlc mod_desk_guard.erl', put the .beam on ejabberd's load path
%%% (ERL_OPTIONS="-pa DIR" in ejabberdctl.cfg). Tried on ejabberd 23.01, 24.12 and 26.07.
-module(mod_desk_guard).

-export([start/2, stop/1, reload/3, depends/2]).
-export([mod_opt_type/1, mod_options/1, mod_doc/0]).
-export([user_send_packet/1, filter_packet/1, local_send_to_resource_hook/1, component_disconnected/2]).

%% Runs first: hooks of other modules have no business with what is refused.
-define(PRIORITY, 1).
%% Runs after those of mod_privilege and mod_delegation, which take away what they granted.
-define(LAST, 100).
-define(REFUSAL, <<"Only your directory contacts can be reached from here">>).
-define(NS, <<"urn:deskbridge:guard:1">>).

%%% --- gen_mod -----------------------------------------------------------------------------

%% The hook `user_send_packet' sees what clients of this host send before it touches their roster.
%% `filter_packet' is global and sees whatever ejabberd routes, from and to any host.
start(Host, _Opts) ->
    ejabberd_hooks:add(user_send_packet, Host, ?MODULE, user_send_packet, ?PRIORITY),
    ejabberd_hooks:add(local_send_to_resource_hook, Host, ?MODULE, local_send_to_resource_hook, ?PRIORITY),
    ejabberd_hooks:add(component_disconnected, ?MODULE, component_disconnected, ?LAST),
    ejabberd_hooks:add(filter_packet, ?MODULE, filter_packet, ?PRIORITY).

stop(Host) ->
    ejabberd_hooks:delete(user_send_packet, Host, ?MODULE, user_send_packet, ?PRIORITY),
    ejabberd_hooks:delete(local_send_to_resource_hook, Host, ?MODULE, local_send_to_resource_hook, ?PRIORITY),
    case gen_mod:is_loaded_elsewhere(Host, ?MODULE) of
        true ->
            ok;
        false ->
            ejabberd_hooks:delete(component_disconnected, ?MODULE, component_disconnected, ?LAST),
            ejabberd_hooks:delete(filter_packet, ?MODULE, filter_packet, ?PRIORITY)
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
    case attribute(<<"xmlns">>, Proof) =:= ?NS andalso gen_mod:is_loaded(Host, ?MODULE)
        andalso lists:member(Component, gen_mod:get_module_opt(Host, ?MODULE, component_hosts)) of
        true -> ejabberd_router:route(told(Host, Component, attribute(<<"id">>, Proof)));
        false -> ok
    end.

told(Host, Component, Id) ->
    Refused = {xmlel, <<"refused">>, [{<<"xmlns">>, ?NS}, {<<"id">>, Id}], []},
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

%%% --- what the component asks -------------------------------------------------------------

%% An iq of type get from a component host to any resource of this host (to the host itself,
%% ejabberd 24.10 to 24.12 would throw it away):
%%
%%   <archive xmlns='urn:deskbridge:guard:1' account='bob@work.example' since='1790000000000000'/>
%%
%% The answer has the life of this ejabberd, and the ids under which the account's archive has what
%% it exchanged with the component hosts since then (microseconds since 1970): those of the messages,
%% and those that they were given on their way. Without an account it has the life alone. Who may
%% send messages in the name of a host's accounts (mod_privilege) may ask for their archives.
local_send_to_resource_hook(Packet) ->
    case question(Packet) of
        none ->
            ok;
        {xmlel, <<"archive">>, _, _} = Question ->
            %% An archive takes its time, and this is the process that reads the component's stream.
            spawn(fun() -> ejabberd_router:route(reply(Packet, Question)) end),
            stop;
        {xmlel, <<"claim">>, _, _} = Question ->
            Mine = note(claim(Question)),
            Stream = self(),
            %% Not by way of the router, which might hand it to another stream.
            spawn(fun() -> Stream ! {route, judgement(Packet, Stream, Mine)} end),
            stop
    end.

question(Packet) when element(1, Packet) =:= iq ->
    {User, Peer, _} = jid:tolower(xmpp:get_from(Packet)),
    Asked = [El || {xmlel, Name, _, _} = El <- xmpp:get_els(Packet),
                   Name =:= <<"archive">> orelse Name =:= <<"claim">>, attribute(<<"xmlns">>, El) =:= ?NS],
    case xmpp:get_type(Packet) =:= get andalso User =:= <<>>
        andalso lists:member(Peer, component_hosts(Packet)) andalso Asked of
        [Question] -> Question;
        _ -> none
    end;
question(_Packet) ->
    none.

component_hosts(Packet) ->
    {_, Host, _} = jid:tolower(xmpp:get_to(Packet)),
    gen_mod:get_module_opt(Host, ?MODULE, component_hosts).

reply(Packet, Question) ->
    try archived(Packet, attribute(<<"account">>, Question), Question) of
        Ids ->
            Found = [{xmlel, <<"has">>, [{<<"id">>, Id}], []} || Id <- Ids],
            Attributes = [{<<"xmlns">>, ?NS}, {<<"life">>, life()}],
            xmpp:make_iq_result(Packet, {xmlel, <<"archive">>, Attributes, Found})
    catch
        Class:Reason ->
            error_logger:warning_msg("mod_desk_guard cannot look into an archive: ~p:~p~n", [Class, Reason]),
            xmpp:make_error(Packet, xmpp:err_internal_server_error())
    end.

%% When this Erlang started, in its finest unit: no two have that in common.
life() ->
    integer_to_binary(erlang:system_info(start_time) + erlang:time_offset()).

archived(_Packet, <<>>, _Question) ->
    [];
archived(Packet, Account, Question) ->
    Owner = jid:decode(Account),
    {_, Host, _} = jid:tolower(Owner),
    true = may_ask(xmpp:get_from(Packet), Host),
    Since = binary_to_integer(attribute(<<"since">>, Question)),
    Start = {Since div 1000000000000, Since div 1000000 rem 1000000, Since rem 1000000},
    {Messages, true, _} = mod_mam:select(Host, Owner, Owner, [{start, Start}], undefined, chat, only_messages),
    Hosts = component_hosts(Packet),
    lists:flatmap(fun({_, _, Forwarded}) -> ids(xmpp:encode(Forwarded), Hosts) end, Messages).

may_ask(Asker, Host) ->
    gen_mod:is_loaded(Host, mod_privilege)
        andalso allow =:= acl:match_rule(
                            Host,
                            proplists:get_value(outgoing, gen_mod:get_module_opt(Host, mod_privilege, message), none),
                            Asker).

ids(Forwarded, Hosts) ->
    {xmlel, _, _, Children} = Message = fxml:get_subtag(Forwarded, <<"message">>),
    Ends = [attribute(End, Message) || End <- [<<"from">>, <<"to">>]],
    case lists:any(fun(End) -> lists:member(host(End), Hosts) end, Ends) of
        true -> [attribute(<<"id">>, El)
                 || El <- [Message | [Child || {xmlel, <<"stanza-id">>, _, _} = Child <- Children]]];
        false -> []
    end.

host(<<>>) ->
    <<>>;
host(Address) ->
    {_, Host, _} = jid:tolower(jid:decode(Address)),
    Host.

%%% --- one deskbridge at a time ------------------------------------------------------------

%% Each deskbridge says every few seconds who it is, in an iq as above:
%%
%%   <claim xmlns='urn:deskbridge:guard:1' database='...' epoch='17' process='...' holder='...'/>
%%
%% `epoch' rises with each process that has had the database, `holder' is a line for operators. Who
%% has it now may have the component hosts, and streams of those who had it before, which may be
%% stopped or cut off, are ended. Of two with a database each, the hosts are the first one's as long
%% as it says so. A stream on which nobody says anything has to go. The answer is one of
%%
%%   <claim xmlns='urn:deskbridge:guard:1' ended='0'/>
%%   <claim xmlns='urn:deskbridge:guard:1'><taken holder='...' newer='false'/></claim>
%%
%% where `ended' says how many streams were, and `newer' that `holder' has the same database.

-define(SILENT_MS, 15000).
-define(ENDING_MS, 2000).

claim(Question) ->
    {attribute(<<"database">>, Question), binary_to_integer(attribute(<<"epoch">>, Question)),
     attribute(<<"process">>, Question), attribute(<<"holder">>, Question)}.

%% In the process of the stream: what is noted there goes with it. Who came first is told by our own
%% count, as clocks of two machines differ.
note(Claim) ->
    First = case get(?MODULE) of
                {_, Before, _} -> Before;
                undefined -> erlang:unique_integer([monotonic])
            end,
    Noted = {Claim, First, erlang:monotonic_time(millisecond)},
    put(?MODULE, Noted),
    Noted.

noted(Stream) ->
    case process_info(Stream, dictionary) of
        {dictionary, Dictionary} -> proplists:get_value(?MODULE, Dictionary, none);
        undefined -> none
    end.

judgement(Packet, Stream, Mine) ->
    try
        Streams = streams(component_hosts(Packet)),
        true = lists:member(Stream, Streams),
        Others = Streams -- [Stream],
        Attributes = [{<<"xmlns">>, ?NS}],
        Claim = case lists:sort([Taken || Other <- Others, {taken, _, _} = Taken <- [between(Mine, noted(Other))]]) of
                    [] ->
                        Ended = [finish(Other) || Other <- Others, between(Mine, noted(Other)) =:= over],
                        Number = integer_to_binary(length(Ended)),
                        {xmlel, <<"claim">>, [{<<"ended">>, Number} | Attributes], []};
                    [{taken, Newer, Holder} | _] ->
                        Taken = [{<<"holder">>, Holder}, {<<"newer">>, atom_to_binary(Newer, utf8)}],
                        {xmlel, <<"claim">>, Attributes, [{xmlel, <<"taken">>, Taken, []}]}
                end,
        xmpp:make_iq_result(Packet, Claim)
    catch
        Class:Reason ->
            error_logger:warning_msg("mod_desk_guard cannot tell streams apart: ~p:~p~n", [Class, Reason]),
            xmpp:make_error(Packet, xmpp:err_internal_server_error())
    end.

%% Whether the other one is `over', has `taken' the hosts, or is going to hear that they are ours.
between(_Mine, none) ->
    over;
between({{Database, Epoch, Process, _}, First, Now}, {{Its, ItsEpoch, ItsProcess, Holder}, ItsFirst, Last}) ->
    if
        Now - Last > ?SILENT_MS -> over;
        Database =:= Its, Epoch > ItsEpoch -> over;
        Database =:= Its, Epoch < ItsEpoch -> {taken, true, Holder};
        Process =:= ItsProcess, ItsFirst < First -> over;
        ItsFirst < First -> {taken, false, Holder};
        true -> later
    end.

%% Those of this node: ejabberd prefers them, and what it grants is known here only.
streams(Hosts) ->
    Router = ejabberd_router:get_backend(),
    Found = [Pid || Host <- Hosts, {ok, Routes} <- [Router:find_routes(Host)], Route <- Routes,
                    Pid <- tuple_to_list(Route), is_pid(Pid)],
    [Pid || Pid <- lists:usort(Found), node(Pid) =:= node(), is_process_alive(Pid)].

finish(Stream) ->
    Hosts = [Host || Host <- ejabberd_router:get_all_routes(), lists:member(Stream, streams([Host]))],
    Watched = monitor(process, Stream),
    ejabberd_service:stop_async(Stream),
    receive
        {'DOWN', Watched, process, Stream, _} -> ok
    after ?ENDING_MS ->
        %% It waits for a peer that does not read.
        exit(Stream, kill),
        receive {'DOWN', Watched, process, Stream, _} -> ok end,
        [ejabberd_hooks:run(component_disconnected, [Host, killed]) || Host <- lists:usort(Hosts)]
    end.

%% When one of two streams for a host leaves, ejabberd takes away what it granted to either. So what
%% is left is treated as if it had just come.
component_disconnected(Host, _Reason) ->
    try lists:member(Host, guarded_components()) andalso streams([Host]) -- [self()] of
        [_ | _] -> ejabberd_hooks:run(component_connected, [Host]);
        _ -> ok
    catch
        Class:Reason -> error_logger:warning_msg("mod_desk_guard cannot grant anew: ~p:~p~n", [Class, Reason])
    end,
    ok.

guarded_components() ->
    lists:append([gen_mod:get_module_opt(Host, ?MODULE, component_hosts)
                  || Host <- ejabberd_option:hosts(), gen_mod:is_loaded(Host, ?MODULE)]).
