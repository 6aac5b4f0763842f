import type { TopicDto, TopicList } from '@job-orchestrator/types';
import type { Client, ProjectOptions } from '../api.ts';
import { queryOf } from '../queries.ts';
import { callOptions, segment, type Call, type Transport } from '../transport.ts';

type TopicCalls = Pick<Client, 'listTopics' | 'pauseTopic' | 'resumeTopic' | 'limitTopic'>;

const topicPath = (name: string, verb: string): string => `/api/v1/topics/${segment(name, 'name')}/${verb}`;

const ask = (
  transport: Transport,
  call: Pick<Call, 'method' | 'path' | 'body'>,
  options: ProjectOptions,
): Promise<TopicDto> =>
  transport.json<TopicDto>({
    ...callOptions(options),
    ...call,
    query: queryOf({ project: options.project }),
  });

export const topicCalls = (transport: Transport): TopicCalls => ({
  listTopics: (options = {}) =>
    transport.json<TopicList>({
      ...callOptions(options),
      method: 'GET',
      path: '/api/v1/topics',
      query: queryOf({ project: options.project }),
    }),
  pauseTopic: async (name, options = {}) =>
    ask(transport, { method: 'POST', path: topicPath(name, 'pause') }, options),
  resumeTopic: async (name, options = {}) =>
    ask(transport, { method: 'POST', path: topicPath(name, 'resume') }, options),
  limitTopic: async (name, limit, options = {}) =>
    ask(transport, { method: 'PUT', path: topicPath(name, 'limit'), body: { limit } }, options),
});
