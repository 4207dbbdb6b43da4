-- LangGraph's migrations 0 to 9 (the TypeScript saver knows 0 to 4, the Python one all ten): the tables are
-- what they lead to, so a saver of LangGraph's own that is set up on this database changes nothing.
insert into checkpoint_migrations (v) select generate_series(0, 9);
