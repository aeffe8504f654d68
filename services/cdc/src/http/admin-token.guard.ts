import { createHash, timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { ProblemException } from '#libs/runtime/http/problem';
import { CDC_OPTIONS } from './cdc-options.ts';
import type { CdcOptions } from '../cdc-service.ts';

/** Lets in who has CDC_ADMIN_TOKEN. Capture knows no people: it runs where there may be no issuer, and its operators run the machine. */
@Injectable()
export class AdminTokenGuard implements CanActivate {
  readonly #token: string | undefined;

  constructor(@Inject(CDC_OPTIONS) options: CdcOptions) {
    this.#token = options.config.CDC_ADMIN_TOKEN;
  }

  canActivate(context: ExecutionContext): boolean {
    if (this.#token === undefined)
      throw new ProblemException(501, 'not-operated-over-http', 'capture is not operated over HTTP here', {
        hint: 'Set CDC_ADMIN_TOKEN, and send it as a bearer token.',
      });
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    const given = /^bearer +(.+)$/i.exec(headers['authorization'] ?? '')?.[1] ?? '';
    if (timingSafeEqual(digest(given), digest(this.#token))) return true;
    context.switchToHttp().getResponse<{ header(name: string, value: string): void }>().header('www-authenticate', 'Bearer');
    throw new ProblemException(401, 'token-invalid', 'CDC_ADMIN_TOKEN is needed as a bearer token');
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
